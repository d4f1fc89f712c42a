"""Optimise pixels with the compact loss network and with VGG-19, and let VGG-19 judge both.

    python scripts/judge_loss_network.py --teacher vgg19.pth --photos a.jpg b.jpg \\
        --painting starry_night.jpg --output judged/
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from distill_losses import CONTENT_LAYER, LAYERS, STYLE_LAYERS
from torch import Tensor

from faststyle.evaluate.yardstick import score
from faststyle.images.read import load_image
from faststyle.images.tensors import resize_long_edge, to_image, to_tensor
from faststyle.images.write import save_image
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.losses.pretrained import build_loss_network
from faststyle.optimize.pixels import optimize_pixels


def loss_of(network: LossNetwork, painting: Tensor) -> PerceptualLoss:
    """The objective of conf/loss/relative.yaml."""
    return PerceptualLoss(
        network,
        formula="relative",
        content_weight=1.0,
        style_weight=4.0,
        tv_weight=0.5,
        content_layers=[CONTENT_LAYER],
        style_layers=STYLE_LAYERS,
        style_image=painting,
    )


def optimized(loss: PerceptualLoss, photo: Tensor, steps: int) -> Tensor:
    """The picture after `steps` iterations of L-BFGS on the photo's pixels."""
    latest = photo
    for iterate in optimize_pixels(
        loss,
        loss.content_targets(photo),
        photo,
        num_steps=steps,
        optimizer="lbfgs",
        learning_rate=0.0,
        history=100,
    ):
        latest = iterate.picture
    return latest


def main() -> None:
    parser = argparse.ArgumentParser(description="Judge the compact loss network by its use.")
    parser.add_argument("--teacher", type=Path, required=True, help="VGG-19's state dict")
    parser.add_argument("--photos", type=Path, nargs="+", required=True)
    parser.add_argument("--painting", type=Path, required=True)
    parser.add_argument("--weights", default="bundled", help="compact's (default: bundled)")
    parser.add_argument("--size", type=int, default=256, help="long edge of all, pixels")
    parser.add_argument("--steps", type=int, default=50, help="iterations of L-BFGS")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    options = parser.parse_args()
    painting = to_tensor(resize_long_edge(load_image(options.painting), options.size))
    losses = {
        name: loss_of(
            build_loss_network(name, LAYERS, weights=str(weights), pooling="max"),
            painting,
        )
        for name, weights in (("compact", options.weights), ("vgg19", options.teacher))
    }
    found: dict[str, list[list[float]]] = {}
    terms = ["content_loss", "style_loss", "total_loss", *(f"style_loss/{k}" for k in STYLE_LAYERS)]
    for path in options.photos:
        photo = to_tensor(resize_long_edge(load_image(path), options.size))
        pictures = {name: optimized(loss, photo, options.steps) for name, loss in losses.items()}
        for name, picture in {"photo": photo, **pictures}.items():
            judged = score(losses["vgg19"], picture, photo)
            found.setdefault(name, []).append([judged[term] for term in terms])
            save_image(to_image(picture), options.output / f"{path.stem}_{name}.png")
    print("judged by VGG-19, means: " + ", ".join(terms))
    for name, rows in found.items():
        print(name, *(f"{value:.3f}" for value in torch.tensor(rows).mean(0).tolist()))


if __name__ == "__main__":
    main()
