"""Measure style checkpoints under one objective, VGG-19's, on photos that none of them saw.

    python -m scripts.gallery.judge a.safetensors b.safetensors --style starry_night.jpg \\
        --images photos/ --loss-network-weights vgg19.pth
    python -m scripts.gallery.judge a.safetensors --strengths 0 0.25 0.5 0.75 1 ...

The objective is the same for all, whatever each was trained for: content + 4 style + 0.5 total
variation, the style image at 384 pixels unless --style-size is given. Prints medians over the
photos. faststyle.evaluate converts a loss to L-BFGS iterations.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import torch

from faststyle import keep_freed_memory, load_style
from faststyle.errors import exit_on_user_error
from faststyle.evaluate.objective import build_objective
from faststyle.evaluate.yardstick import score
from faststyle.images.formats import list_pictures
from faststyle.images.read import load_image
from faststyle.images.tensors import resize_long_edge, to_tensor

OBJECTIVE = {
    "loss": {
        "formula": "relative",
        "content_weight": 1.0,
        "style_weight": 4.0,
        "tv_weight": 0.5,
        "content_layers": ["relu4_2"],
        "style_layers": ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"],
    },
    "loss_network": {"name": "vgg19", "pooling": "max"},
}
TERMS = ("content_loss", "style_loss", "total_loss")


def main() -> None:
    parser = argparse.ArgumentParser(description="Style checkpoints under VGG-19's objective.")
    parser.add_argument("checkpoints", nargs="+", type=Path)
    parser.add_argument("--style", required=True, type=Path, help="the style image")
    parser.add_argument("--images", required=True, type=Path, metavar="DIR", help="photos")
    parser.add_argument("--loss-network-weights", required=True, metavar="FILE", help="VGG-19's")
    parser.add_argument("--strengths", nargs="+", type=float, default=[1.0], metavar="STRENGTH")
    parser.add_argument("--max-images", type=int, default=40)
    parser.add_argument("--size", type=int, default=256, help="long edge, pixels")
    parser.add_argument("--style-size", type=int, default=384, help="of the style image, pixels")
    with exit_on_user_error("judge"):
        judge(parser.parse_args())


def judge(options: argparse.Namespace) -> None:
    """Print a row for each checkpoint and strength."""
    keep_freed_memory()
    objective = build_objective(
        {**OBJECTIVE, "style": {"size": options.style_size}},
        options.style,
        options.loss_network_weights,
        [],
        torch.device("cpu"),
    )
    files = list_pictures(options.images)[: options.max_images]
    photos = [to_tensor(resize_long_edge(load_image(file), options.size)) for file in files]
    print(f"medians over {len(photos)} photos\n")
    print("| checkpoint | strength | content | style | total |\n|---|---|---|---|---|")
    for path in options.checkpoints:
        style = load_style(path, "cpu")
        for strength in options.strengths:
            scores = [
                score(objective.perceptual_loss, style(photo, strength), photo) for photo in photos
            ]
            medians = [statistics.median(found[term] for found in scores) for term in TERMS]
            cells = " | ".join(f"{value:.3f}" for value in medians)
            print(f"| {path.stem} | {strength:g} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
