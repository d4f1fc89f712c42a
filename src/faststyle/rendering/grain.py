"""Grain for flat areas, which would stay flat without it.

A stroke needs something to begin with. White paper gives a network one value everywhere and a
drawn gradient gives it one value a row: it answers with a gray area, or with bands. Photos have
the camera's noise there. Where a picture has none, a little noise takes its place.
"""

from __future__ import annotations

import zlib

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt32
from torch import Tensor

from faststyle.errors import UserError, shown
from faststyle.images.tensors import to_image
from faststyle.rendering.canvas import Picture

GRAIN = 4.0  # standard deviation of the noise in flat areas, in levels of 255
GRAINS = (0.0, 32.0)

# RMS of the Laplacian over a block, in levels. Noise of 1 level gives 4.5 (the root of 20); a
# gradient in whole levels gives about 1. Below FLAT an area gets all grain, above BUSY none.
FLAT, BUSY = 1.5, 2.5
BLOCK = 8  # pixels a side over which the Laplacian is averaged
SEED_ROWS = 16


def check_grain(grain: float) -> float:
    """`grain` itself.

    Raises:
        UserError: it is not in GRAINS.
    """
    low, high = GRAINS
    if not low <= grain <= high:
        raise UserError(f"grain: {shown(grain)} is not between {low:g} (none) and {high:g} levels")
    return grain


class GrainyPhoto:
    """A photo with noise in its flat areas, read a few rows at a time.

    The noise depends on the picture's content and on the place alone: the same picture always gets
    the same grain, in strips too.

    Args:
        photo: with at least one row and column.
        grain: standard deviation of the noise, in levels of 255.
    """

    def __init__(self, photo: Picture, grain: float):
        self.photo, self.grain = photo, grain
        self.height, self.width = photo.height, photo.width
        self.seed = seed_of(photo)

    def rows(self, start: int, stop: int) -> Float[Tensor, "1 c rows w"]:
        """Rows `start` to `stop` (exclusive), in [0, 1] but for the noise."""
        # Whole blocks, and one more on each side for the interpolation between blocks.
        first = max(0, start // BLOCK - 1) * BLOCK
        last = min(self.height, (-(-stop // BLOCK) + 1) * BLOCK)
        top, bottom = min(first, 1), min(self.height - last, 1)  # rows that the Laplacian needs
        photo = self.photo.rows(first - top, last + bottom)
        flat = flatness(photo.mean(1, keepdim=True), top, bottom)
        inside = slice(start - first, stop - first)
        noise = torch.as_tensor(normal_noise(self.seed, start, stop, self.width))
        strength = flat[:, :, inside] * (self.grain / 255)
        photo = photo[:, :, top : photo.shape[2] - bottom]
        return photo[:, :, inside] + strength * noise.to(photo)


def flatness(gray: Float[Tensor, "1 1 h w"], top: int, bottom: int) -> Float[Tensor, "1 1 rows w"]:
    """How flat a picture is around each pixel: 1 where it has less detail than FLAT, 0 above BUSY.

    Args:
        gray: in [0, 1]; first row `top` rows above a block's first.
        top, bottom: rows that are there for the Laplacian alone; the result lacks them.
    """
    height, width = gray.shape[2] - top - bottom, gray.shape[3]
    gray = F.pad(gray, (1, 1, 1 - top, 1 - bottom), mode="replicate")
    center = gray[:, :, 1:-1, 1:-1]
    beside = gray[:, :, 1:-1, :-2] + gray[:, :, 1:-1, 2:]
    above = gray[:, :, :-2, 1:-1] + gray[:, :, 2:, 1:-1]
    squares = (255 * (4 * center - beside - above)) ** 2
    # A block cut off by the picture's edge counts as if it went on as it ends.
    squares = F.pad(squares, (0, -width % BLOCK, 0, -height % BLOCK), mode="replicate")
    rms = F.avg_pool2d(squares, BLOCK).sqrt()
    flat = ((BUSY - rms) / (BUSY - FLAT)).clamp(0, 1)
    flat = F.interpolate(flat, scale_factor=BLOCK, mode="bilinear", align_corners=False)
    return flat[:, :, :height, :width]


def normal_noise(seed: int, start: int, stop: int, width: int) -> Float[np.ndarray, "rows {width}"]:
    """Rows `start` to `stop` (exclusive) of endless noise of mean 0 and standard deviation 1.

    The sum of four random bytes, which is nearly normal.
    """
    place_bytes = _hash(seed, start, stop, width).view(np.uint8).reshape(-1, width, 4)
    sums = place_bytes.sum(-1, dtype=np.float32)
    mean, deviation = 4 * 127.5, (4 * (256**2 - 1) / 12) ** 0.5
    return (sums - np.float32(mean)) / np.float32(deviation)


def _hash(seed: int, start: int, stop: int, width: int) -> UInt32[np.ndarray, "rows {width}"]:
    """A random number for each place: "lowbias32", a bijection of 32 bits (Wellons 2018)."""
    row = np.arange(start, stop, dtype=np.uint32)[:, None] * np.uint32(0x9E3779B1)
    column = np.arange(width, dtype=np.uint32) * np.uint32(0x85EBCA77)
    x = row ^ column ^ np.uint32(seed)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x ^= x >> np.uint32(shift)
        x *= np.uint32(factor)
    return x ^ (x >> np.uint32(16))


def seed_of(photo: Picture) -> int:
    """A number of 32 bits that depends on the picture's pixels: the CRC of some rows."""
    step = max(1, photo.height // SEED_ROWS)
    seed = zlib.crc32(f"{photo.width} {photo.height}".encode())
    for row in range(0, photo.height, step):
        seed = zlib.crc32(to_image(photo.rows(row, row + 1)).tobytes(), seed)
    return seed
