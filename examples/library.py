"""Use faststyle from Python: list styles, stylize a PIL image and a tensor, catch mistakes.

python examples/library.py docs/images/landscape.jpg --output stylized/
"""

from __future__ import annotations

import argparse
from pathlib import Path

import faststyle

faststyle.tune_process()  # before torch is imported; large pictures become faster

import torch  # noqa: E402
from PIL import Image  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description="Use faststyle from Python.")
    parser.add_argument("photo", type=Path)
    parser.add_argument("--style", default="starry_night", help="name or checkpoint file")
    parser.add_argument("--output", type=Path, default=Path("stylized"), metavar="DIR")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)

    print("Styles:", ", ".join(faststyle.available_styles()))

    # What a user can get wrong is a UserError with a message of one line.
    try:
        style = faststyle.load_style(options.style)
    except faststyle.UserError as error:
        raise SystemExit(f"library.py: {error}") from None
    print("Learned from:", style.metadata["style"].get("title", "an unknown style image"))

    # A PIL image: it comes out upright, in sRGB, with its transparency.
    photo = Image.open(options.photo)
    style(photo).save(options.output / "full.png")
    for strength in (0.3, 0.6):
        style(photo, strength).save(options.output / f"strength_{strength}.png")
    style(photo, stroke_scale=2, keep_color="luminance").save(options.output / "bold.png")

    # Tensors: a batch (N, 3, H, W) of floats in [0, 1]; here two squares of noise.
    batch = torch.rand(2, 3, 64, 64)
    stylized = style(batch)
    print("A batch:", tuple(stylized.shape), f"from {stylized.min():.2f} to {stylized.max():.2f}")

    # The message of a mistake says how to repair it.
    try:
        style(batch[0])
    except faststyle.UserError as error:
        print("A mistake:", error)


if __name__ == "__main__":
    main()
