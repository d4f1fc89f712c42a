"""Style and content loss over the strength, means over photos: do they move one way only?

    python -m scripts.gallery.strength checkpoints/starry_night.safetensors \\
        --style starry_night.jpg --images photos/ --loss-weights vgg19.pth
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import torch

from faststyle import keep_freed_memory, load_style
from faststyle.evaluate.objective import build_objective
from faststyle.evaluate.yardstick import score
from faststyle.images.formats import list_pictures
from faststyle.images.read import load_image
from faststyle.images.tensors import resize_long_edge, to_tensor
from scripts.gallery.judge import OBJECTIVE

STRENGTHS = [step / 10 for step in range(11)]
TERMS = ("content_loss", "style_loss")


def main() -> None:
    parser = argparse.ArgumentParser(description="Losses over the strength.")
    parser.add_argument("ckpt", type=Path)
    parser.add_argument("--style", required=True, type=Path, help="the painting")
    parser.add_argument("--images", required=True, type=Path, metavar="DIR")
    parser.add_argument("--loss-weights", required=True, metavar="FILE", help="VGG-19's")
    parser.add_argument("--max-images", type=int, default=12)
    parser.add_argument("--size", type=int, default=256, help="long edge, pixels")
    options = parser.parse_args()
    keep_freed_memory()
    objective = build_objective(
        OBJECTIVE, options.style, options.loss_weights, [], torch.device("cpu")
    )
    style = load_style(options.ckpt, "cpu")
    files = list_pictures(options.images)[: options.max_images]
    photos = [to_tensor(resize_long_edge(load_image(file), options.size)) for file in files]
    print(f"| strength | {' | '.join(TERMS)} |, means over {len(photos)} photos")
    for strength in STRENGTHS:
        scores = [
            score(objective.perceptual_loss, style(photo, strength), photo) for photo in photos
        ]
        means = [statistics.mean(found[term] for found in scores) for term in TERMS]
        print(f"| {strength:.1f} | {' | '.join(f'{mean:.3f}' for mean in means)} |", flush=True)


if __name__ == "__main__":
    main()
