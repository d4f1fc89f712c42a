"""Count how often figures order two pictures as viewers did.

    python -m scripts.gallery.viewers pairs.json

pairs.json has groups of pairs: {"a": [{"photo": "photo.jpg", "style_image": "wave.jpg",
"chosen": "chosen.png", "other": "other.png"}]}. Paths are relative to the file. All pictures are
brought to one long edge, 712 pixels unless --size is given. Prints a row for each figure.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor

from faststyle.errors import exit_on_user_error
from faststyle.evaluate.strokes import viewer_figures
from faststyle.images.read import load_image
from faststyle.images.tensors import resize_long_edge, to_tensor


def main() -> None:
    parser = argparse.ArgumentParser(description="Figures beside the choices of viewers.")
    parser.add_argument("pairs", type=Path, help="JSON: groups of pairs of pictures")
    parser.add_argument("--size", type=int, default=712, help="long edge, pixels")
    with exit_on_user_error("viewers"):
        print(table(**vars(parser.parse_args())))


def table(pairs: Path, size: int) -> str:
    """A row for each figure: of how many pairs the better value is that of the chosen picture."""
    groups = json.loads(pairs.read_text(encoding="utf-8"))
    right: dict[str, dict[str, int]] = {}
    for group, members in groups.items():
        for pair in members:
            chosen, other = (_badness(pairs.parent, pair, key, size) for key in ("chosen", "other"))
            for figure, value in chosen.items():
                counts = right.setdefault(figure, dict.fromkeys(groups, 0))
                counts[group] += value < other[figure]
    lines = [f"| figure | {' | '.join(groups)} |", "|---" * (1 + len(groups)) + "|"]
    for figure, counts in right.items():
        cells = " | ".join(f"{counts[group]} of {len(groups[group])}" for group in groups)
        lines.append(f"| {figure} | {cells} |")
    return "\n".join(lines)


def _badness(folder: Path, pair: dict[str, str], which: str, size: int) -> dict[str, float]:
    """The figures of a picture, each as a number that is lower for a better picture."""

    def picture(key: str) -> Tensor:
        return to_tensor(resize_long_edge(load_image(folder / pair[key]), size))

    photo, stylized = picture("photo"), picture(which)
    photo = F.interpolate(photo, stylized.shape[-2:], mode="bilinear")
    figures = viewer_figures(stylized, photo, picture("style_image"))
    # More contrast than the style image's is no better than as much.
    return {"stroke_contrast": -min(1.0, figures["stroke_contrast"]), "grid": figures["grid"]}


if __name__ == "__main__":
    main()
