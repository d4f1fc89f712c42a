"""Make the README's moving picture: a pan over the drawn landscape, as drawn and stylized.

    python -m scripts.gallery.moving_landscape --output docs/images/landscape_moving.webp

It renders a clip of the landscape of scripts/gallery/landscape.py, stylizes it by `python -m
infer`, and puts both side by side. `--clip FILE` also keeps the clip.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from faststyle.files.paths import SAMPLE_PHOTO
from faststyle.images.read import load_image
from faststyle.infer.command import main as infer
from faststyle.video.clip import Frame, Span
from faststyle.video.formats import codec_for, container_of
from faststyle.video.reading import open_clip
from faststyle.video.writing import ClipWriter, Output

FPS = Fraction(8)
GAP = 6  # pixels between the two


def pan(picture: Image.Image, size: tuple[int, int], count: int) -> Iterator[np.ndarray]:
    """Frames (H, W, 3) of a view that drifts to the right and closes in; there and back again."""
    width, height = size
    for number in range(count):
        # Slow at both ends, so that the loop has no jolt.
        share = (1 - np.cos(2 * np.pi * number / count)) / 2
        zoom = 0.72 - 0.14 * share
        across, down = zoom * picture.height * width / height, zoom * picture.height
        left = (picture.width - across) * (0.05 + 0.9 * share)
        top = (picture.height - down) * (0.75 - 0.35 * share)
        box = (left, top, left + across, top + down)
        yield np.asarray(picture.resize(size, Image.Resampling.LANCZOS, box=box))


def write(path: Path, frames: Iterator[np.ndarray], size: tuple[int, int], quality: float) -> None:
    """Write frames (H, W, 3) as a clip in the format of the suffix."""
    codec = codec_for(path, None, None)
    output = Output(container_of(path), codec, size, 1 / FPS, FPS, quality)
    writer = ClipWriter(path, output, None, path)
    for number, pixels in enumerate(frames):
        writer.write(Frame(pixels, number, 1))
    writer.close()


def read(path: Path) -> Iterator[np.ndarray]:
    """Frames (H, W, 3) of a clip."""
    clip = open_clip(path, Span())
    yield from (frame.pixels for frame in clip.frames(clip.size))
    clip.close()


def side_by_side(pairs: Iterator[tuple[np.ndarray, np.ndarray]]) -> Iterator[np.ndarray]:
    """Two frames of one size beside each other, a little white between them."""
    for left, right in pairs:
        yield np.hstack([left, np.full_like(left[:, :GAP], 255), right])


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the README's moving picture.")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE")
    parser.add_argument("--clip", type=Path, metavar="FILE", help="keep the clip before it here")
    parser.add_argument("--ckpt", default="starry_night", metavar="STYLE")
    parser.add_argument("--size", type=int, nargs=2, default=(384, 256), metavar=("W", "H"))
    parser.add_argument("--frames", type=int, default=24, metavar="N")
    parser.add_argument("--quality", type=float, default=50)
    options = parser.parse_args()
    size = tuple(options.size)
    with tempfile.TemporaryDirectory() as folder:
        clip = options.clip or Path(folder, "clip.mp4")
        stylized = Path(folder, "stylized.mp4")
        write(clip, pan(load_image(SAMPLE_PHOTO), size, options.frames), size, 95)
        infer(["--ckpt", options.ckpt, str(clip), "--quality", "95", "--output", str(stylized)])
        both = side_by_side(zip(read(clip), read(stylized), strict=True))
        write(options.output, both, (2 * size[0] + GAP, size[1]), options.quality)


if __name__ == "__main__":
    main()
