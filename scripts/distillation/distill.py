"""Distill the compact loss network from VGG-19.

    python -m scripts.distillation.distill --teacher vgg19.pth --photos coco/train \\
        --style-images a.jpg b.jpg --output src/faststyle/assets/compact.safetensors

The student starts from channels of the teacher (start.py). It then learns what a loss network is
used for (losses.py), on photos and on partly stylized pictures (pictures.py).
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import numpy as np

from scripts.distillation.student import Distillation, save

SAVE_EVERY = 50


def parse_options() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="Distill the compact loss network from VGG-19.")
    parser.add_argument("--teacher", type=Path, required=True, help="VGG-19's state dict")
    parser.add_argument("--photos", type=Path, required=True, help="a folder of photos")
    parser.add_argument(
        "--style-images", type=Path, nargs="*", default=[], help="style image files"
    )
    parser.add_argument("--output", type=Path, required=True, help="a .safetensors file")
    parser.add_argument(
        "--start-pictures", type=int, default=208, help="for the least-squares start"
    )
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--minutes", type=float, default=math.inf, help="upper limit of the time")
    parser.add_argument("--batch-size", type=int, default=3)
    parser.add_argument("--size", type=int, default=128, help="side of the crops, pixels")
    parser.add_argument("--pool", type=int, default=32, help="pictures being stylized at a time")
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    options = parse_options()
    distillation = Distillation(options)
    save(distillation.student, options.output)
    began, done, progress, sums = time.monotonic(), 0, 0.0, {}
    while progress < 1:
        for name, value in distillation.step(progress).items():
            sums.setdefault(name, []).append(value)
        done += 1
        minutes = (time.monotonic() - began) / 60
        # The learning rate must reach 0 at the limit of steps or of minutes, whichever is first.
        progress = max(done / options.steps, minutes / options.minutes)
        if done % SAVE_EVERY == 0 or progress >= 1:
            save(distillation.student, options.output)
            figures = "  ".join(f"{k} {np.mean(v):.3f}" for k, v in sums.items())
            print(f"{done:6d}  {minutes:5.1f} min  {figures}", flush=True)
            sums = {}


if __name__ == "__main__":
    main()
