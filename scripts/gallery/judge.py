"""Losses of several style checkpoints under one objective, VGG-19's, on photos none of them saw.

    python -m scripts.gallery.judge a.safetensors b.safetensors --style starry_night.jpg \\
        --images photos/ --loss-weights vgg19.pth

Whatever each was trained on, all are judged alike: content + 4 style + 0.5 total variation, the
painting at 384 pixels unless --style-size says otherwise. For what that is worth in L-BFGS
iterations there is faststyle.evaluate.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import torch

from faststyle.evaluate.objective import build_objective
from faststyle.evaluate.yardstick import score
from faststyle.images.formats import list_pictures
from faststyle.images.read import load_image
from faststyle.images.tensors import resize_long_edge, to_tensor
from faststyle.rendering.stylizer import load_style

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
    "style": {"size": 384},
}
TERMS = ("content_loss", "style_loss", "total_loss")


def main() -> None:
    parser = argparse.ArgumentParser(description="Style checkpoints under VGG-19's objective.")
    parser.add_argument("checkpoints", nargs="+", type=Path)
    parser.add_argument("--style", required=True, type=Path, help="the painting")
    parser.add_argument("--images", required=True, type=Path, metavar="DIR")
    parser.add_argument("--loss-weights", required=True, metavar="FILE", help="VGG-19's")
    parser.add_argument("--max-images", type=int, default=40)
    parser.add_argument("--size", type=int, default=256, help="long edge, pixels")
    parser.add_argument("--style-size", type=int, default=384, help="the painting's, pixels")
    options = parser.parse_args()
    settings = {**OBJECTIVE, "style": {"size": options.style_size}}
    objective = build_objective(
        settings, options.style, options.loss_weights, [], torch.device("cpu")
    )
    files = list_pictures(options.images)[: options.max_images]
    photos = [to_tensor(resize_long_edge(load_image(file), options.size)) for file in files]
    print(f"medians over {len(photos)} photos: {', '.join(TERMS)}")
    for path in options.checkpoints:
        style = load_style(path, "cpu")
        scores = [score(objective.perceptual_loss, style(photo), photo) for photo in photos]
        medians = [statistics.median(found[term] for found in scores) for term in TERMS]
        print(path, *(f"{value:.3f}" for value in medians), flush=True)


if __name__ == "__main__":
    main()
