"""Losses of checkpoints on photos, medians: all under the objective of the first one.

    python scripts/held_out_losses.py a.safetensors b.safetensors --style painting.jpg \\
        --images photos/ --loss-weights vgg19.pth [--set style.size=320]

One forward pass a photo and checkpoint, none of the L-BFGS of `faststyle.evaluate`: to compare
ways to train, where only the difference counts. The loss network runs in bfloat16.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median

import torch

from faststyle.checkpoint import read_checkpoint
from faststyle.crops import crop
from faststyle.images import list_pictures, load_image, to_tensor
from faststyle.objective import build_objective

SHOWN = ("total_loss", "content_loss", "style_loss", "tv_loss")


def main() -> None:
    parser = argparse.ArgumentParser(description="Losses of checkpoints on photos.")
    add = parser.add_argument
    add("checkpoints", nargs="+", type=Path, metavar="CKPT")
    add("--style", required=True, type=Path, metavar="PICTURE", help="the painting")
    add("--images", required=True, type=Path, metavar="DIR", help="photos none was trained on")
    add("--loss-weights", required=True, metavar="FILE")
    add("--size", type=int, default=256, help="of the centre crops, pixels (%(default)s)")
    add("--set", nargs="+", default=[], metavar="KEY=VALUE", help="another objective")
    options = parser.parse_args()
    checkpoints = {path: read_checkpoint(path) for path in options.checkpoints}
    metadata = checkpoints[options.checkpoints[0]].metadata
    objective = build_objective(
        metadata, options.style, options.loss_weights, options.set, torch.device("cpu")
    )
    losses = objective.perceptual_loss
    nets = {path: checkpoint.build() for path, checkpoint in checkpoints.items()}
    found: dict[Path, list[dict[str, float]]] = {path: [] for path in nets}
    for file in list_pictures(options.images):
        square = crop(load_image(file), options.size, zoom=1.0, across=0.5, down=0.5)
        photo = to_tensor(square)
        with torch.no_grad():
            stylized = {path: net(photo).clamp(0, 1) for path, net in nets.items()}
            with torch.autocast("cpu", torch.bfloat16):
                targets = losses.content_targets(photo)
                for path, picture in stylized.items():
                    terms = losses(picture, targets)
                    found[path].append({name: float(value) for name, value in terms.items()})
    for path, photos in found.items():
        layers = [name for name in photos[0] if name not in SHOWN]
        medians = {name: median(terms[name] for terms in photos) for name in (*SHOWN, *layers)}
        print(f"{path}: {len(photos)} photos")
        print("  " + "  ".join(f"{name} {value:.4f}" for name, value in medians.items()))


if __name__ == "__main__":
    main()
