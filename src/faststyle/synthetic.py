"""Drawn pictures in place of photos: shapes of all sizes over a gradient."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

NUM_SHAPES = 80
SMALLEST_RADIUS = 0.02  # of the picture's side; radii follow r^-2 up to half the side


class SyntheticPhotos:
    """`num_images` drawn pictures; the same seed gives the same pictures."""

    def __init__(self, num_images: int, seed: int, size: int):
        self.num_images, self.seed, self.size = num_images, seed, size

    def __len__(self) -> int:
        return self.num_images

    def name(self, index: int) -> str:
        return f"synthetic picture {index}"

    def load(self, index: int, min_side: int | None = None) -> Image.Image:
        return draw_picture(np.random.default_rng([self.seed, index]), self.size)


def draw_picture(rng: np.random.Generator, size: int) -> Image.Image:
    """A square RGB picture of `size` pixels."""
    image = _gradient(rng, size)
    draw = ImageDraw.Draw(image)
    for _ in range(NUM_SHAPES):
        # Inverse-square radii make the picture look alike at every scale, as photos do.
        radius = size * SMALLEST_RADIUS / (1 - rng.uniform(0, 1 - 2 * SMALLEST_RADIUS))
        x, y = rng.uniform(0, size, 2)
        stretch, angle = rng.uniform(0.3, 1.0), rng.uniform(0, math.tau)
        num_corners = 24 if rng.uniform() < 0.5 else int(rng.integers(3, 7))
        turns = angle + np.arange(num_corners) * math.tau / num_corners
        across, along = radius * np.cos(turns), radius * stretch * np.sin(turns)
        xs = x + across * math.cos(angle) - along * math.sin(angle)
        ys = y + across * math.sin(angle) + along * math.cos(angle)
        corners = list(zip(xs.tolist(), ys.tolist(), strict=True))
        draw.polygon(corners, fill=_muted_colour(rng))
    return image


def _muted_colour(rng: np.random.Generator) -> tuple[int, int, int]:
    grey = rng.uniform(20, 235)
    red, green, blue = np.clip(grey + rng.normal(0, 30, 3), 0, 255).astype(int).tolist()
    return red, green, blue


def _gradient(rng: np.random.Generator, size: int) -> Image.Image:
    top, bottom = (np.array(_muted_colour(rng), dtype=np.float32) for _ in range(2))
    angle = rng.uniform(0, math.tau)
    y, x = np.mgrid[0:size, 0:size] / max(size - 1, 1) - 0.5
    share = 0.5 + 0.5 * (x * math.cos(angle) + y * math.sin(angle))
    levels = top + (bottom - top) * share[..., None]
    return Image.fromarray(levels.round().astype(np.uint8))
