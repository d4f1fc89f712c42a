"""Optimize pixels with the compact loss network and with VGG-19, and judge both by VGG-19.

    python -m scripts.distillation.judge --teacher vgg19.pth --photos a.jpg b.jpg \\
        --style starry_night.jpg --output judged/
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor

from faststyle.evaluate.yardstick import score
from faststyle.images.read import load_image
from faststyle.images.tensors import resize_long_edge, to_image, to_tensor
from faststyle.images.write import save_image
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.losses.pretrained import build_loss_network
from faststyle.optimize.pixels import optimize_pixels
from scripts.distillation.losses import CONTENT_LAYER, LAYERS, STYLE_LAYERS


def loss_of(network: LossNetwork, style_image: Tensor) -> PerceptualLoss:
    """Build the objective of conf/loss/relative.yaml; `style_image` is (1, 3, H, W) in [0, 1]."""
    return PerceptualLoss(
        network,
        formula="relative",
        content_weight=1.0,
        style_weight=4.0,
        tv_weight=0.5,
        content_layers=[CONTENT_LAYER],
        style_layers=STYLE_LAYERS,
        style_image=style_image,
    )


def optimized(loss: PerceptualLoss, content: Tensor, steps: int) -> Tensor:
    """Return `content`, (1, 3, H, W) in [0, 1], after `steps` L-BFGS iterations on its pixels."""
    latest = content
    for iterate in optimize_pixels(
        loss,
        loss.content_targets(content),
        content,
        num_steps=steps,
        optimizer="lbfgs",
        learning_rate=0.0,
        history=100,
    ):
        latest = iterate.picture
    return latest


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Judge the compact loss network by what it is used for."
    )
    parser.add_argument("--teacher", type=Path, required=True, help="VGG-19's state dict")
    parser.add_argument("--photos", type=Path, nargs="+", required=True, help="content files")
    parser.add_argument("--style", type=Path, required=True, help="the style image")
    parser.add_argument("--weights", default="bundled", help="compact's (default: bundled)")
    parser.add_argument("--size", type=int, default=256, help="long edge of all pictures, pixels")
    parser.add_argument("--steps", type=int, default=50, help="L-BFGS iterations")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    options = parser.parse_args()
    style_image = to_tensor(resize_long_edge(load_image(options.style), options.size))
    losses = {
        name: loss_of(
            build_loss_network(name, LAYERS, weights=str(weights), pooling="max"),
            style_image,
        )
        for name, weights in (("compact", options.weights), ("vgg19", options.teacher))
    }
    rows: dict[str, list[list[float]]] = {}
    terms = ["content_loss", "style_loss", "total_loss", *(f"style_loss/{k}" for k in STYLE_LAYERS)]
    for path in options.photos:
        content = to_tensor(resize_long_edge(load_image(path), options.size))
        pictures = {name: optimized(loss, content, options.steps) for name, loss in losses.items()}
        for name, picture in {"content": content, **pictures}.items():
            scores = score(losses["vgg19"], picture, content)
            rows.setdefault(name, []).append([scores[term] for term in terms])
            save_image(to_image(picture), options.output / f"{path.stem}_{name}.png")
    print("judged by VGG-19, means: " + ", ".join(terms))
    for name, values in rows.items():
        print(name, *(f"{value:.3f}" for value in torch.tensor(values).mean(0).tolist()))


if __name__ == "__main__":
    main()
