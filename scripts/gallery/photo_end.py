"""Train a photo end for a style checkpoint: the weights of strength 0.

python -m scripts.gallery.photo_end checkpoints/starry_night.safetensors --photos photos/
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from faststyle import keep_freed_memory
from faststyle.checkpoints.style_checkpoint import read_checkpoint, write_checkpoint
from faststyle.data.crops import Crops
from faststyle.data.sources import open_photos
from faststyle.errors import exit_on_user_error
from faststyle.train.photo_end import learn_photo_end


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("ckpt", type=Path, help="rewritten in place")
    parser.add_argument("--photos", help="folder of photos (default: drawn pictures)")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--size", type=int, default=256, help="side of the crops, pixels")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    keep_freed_memory()
    with exit_on_user_error("photo_end"):
        checkpoint = read_checkpoint(options.ckpt)
        source = "folder" if options.photos else "synthetic"
        photos = open_photos(
            source, options.photos, None, num_images=None, seed=options.seed, size=options.size
        )
        crops = Crops(photos, np.arange(len(photos)), options.size, options.seed)
        order = np.random.default_rng(options.seed).integers(
            len(photos), size=(options.steps, options.batch_size)
        )

        def batch(step: int) -> torch.Tensor:
            first = step * options.batch_size
            pictures = [crops[first + i, int(item)][0] for i, item in enumerate(order[step])]
            return torch.stack(pictures).float() / 255

        net = checkpoint.build()
        photo_end = learn_photo_end(net, map(batch, range(options.steps)), options.steps)
        with torch.no_grad():
            error = np.mean([float((photo_end(x) - x).abs().mean()) for x in map(batch, range(8))])
        checkpoint.metadata.setdefault("training", {})["photo_steps"] = options.steps
        write_checkpoint(options.ckpt, net, checkpoint.metadata, photo_end)
        print(f"{options.ckpt}: mean error of the photo end: {255 * error:.1f} of 255 levels")


if __name__ == "__main__":
    main()
