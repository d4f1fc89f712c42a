"""Draws pictures with the statistics of photos, for training without photos.

Dead leaves (Lee, Mumford and Huang 2001): shapes that hide one another, their radii distributed by
a power law, give edges at every scale. Each shape is shaded and has a texture, some have stripes;
the background is smoother; some shapes are out of focus.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

# Chosen to match COCO's spectra, gradients and colors; scripts/benchmarks/synthetic_statistics.py
# measures both.
NUM_SHAPES = (80, 1000)
SMALLEST, LARGEST = 0.015, 0.7  # radii, of the picture's side
STEEPNESS = 2.4  # of their density; 3 is an endless scale, and here too many small ones for large
NUM_CORNERS = 12
BLURRED = 0.3  # of the pictures: they have shapes out of focus
GRAIN = (0.5, 4.0)  # levels of 255
TEXTURE_SIDE = 512
# Slope of the power spectrum, and by how much the noise is drawn out down and across.
NOISES = ((-1.2, 1, 1), (-2.0, 1, 1), (-2.8, 1, 1), (-1.8, 1, 5), (-1.8, 5, 1))
YELLOW_BLUE, RED_GREEN, WARMTH = 0.2, 0.06, 0.06  # of the brightness

Floats = NDArray[np.float32]


class SyntheticPhotos:
    """`num_images` drawn pictures, `size` pixels a side; the same seed draws the same ones."""

    def __init__(self, num_images: int, seed: int, size: int):
        self.num_images, self.seed, self.size = num_images, seed, size

    def __len__(self) -> int:
        return self.num_images

    def name(self, index: int) -> str:
        return f"synthetic picture {index}"

    def load(self, index: int, min_side: int | None = None) -> Image.Image:
        return draw_picture(np.random.default_rng([self.seed, index]), min_side or self.size)


def draw_picture(rng: np.random.Generator, size: int) -> Image.Image:
    """Draw a square RGB picture of `size` pixels a side."""
    count = int(np.exp(rng.uniform(*np.log(NUM_SHAPES))))
    sky = max(0.0, rng.uniform(-0.8, 0.6))
    leaves = _draw_shapes(rng, size, SMALLEST, LARGEST, count, top=sky)
    num_leaves = int(leaves.max()) + 1
    colors = _colors(rng, num_leaves)[leaves]
    levels = 255 * colors * np.exp(_shade(rng, leaves, num_leaves))[..., None]
    picture = Image.fromarray(levels.clip(0, 255).astype(np.uint8))
    if rng.uniform() < BLURRED:
        blurred = picture.filter(ImageFilter.GaussianBlur(size / 256 * rng.uniform(1.0, 3.0)))
        far = rng.uniform(size=num_leaves) < rng.uniform(0.1, 0.7)
        focus = Image.fromarray((255 * far[leaves]).astype(np.uint8))
        picture.paste(blurred, mask=focus.filter(ImageFilter.GaussianBlur(1.0)))
    # Camera grain. Networks trained without it draw no strokes in the smooth parts of photos.
    grain = rng.uniform(*GRAIN) * rng.standard_normal((size, size, 1), dtype=np.float32)
    return Image.fromarray((np.asarray(picture) + grain).clip(0, 255).astype(np.uint8))


def _draw_shapes(
    rng: np.random.Generator, size: int, smallest: float, largest: float, count: int, top: float
) -> NDArray[np.int32]:
    """(size, size) number of the shape that is seen at each pixel; 0 is the background.

    Radii run from `smallest` to `largest`. No shape has its center above `top`. All three are
    shares of the picture's side.
    """
    # Inverts the cumulative distribution of r^-STEEPNESS.
    power = 1 - STEEPNESS
    share = rng.uniform(0, 1, count)
    radius = size * (smallest**power + share * (largest**power - smallest**power)) ** (1 / power)
    flat = radius * np.exp(rng.uniform(np.log(0.1), 0, count))
    x = rng.uniform(-0.1, 1.1, count) * size
    y = rng.uniform(top - 0.1, 1.1, count) * size
    # Corners all around make ellipses, at random polygons, few of them triangles and the like.
    even = np.arange(NUM_CORNERS) / NUM_CORNERS
    uneven = np.sort(rng.uniform(0, 1, (count, NUM_CORNERS)), axis=1)
    sides, kind = rng.integers(3, 6, (count, 1)), rng.uniform(size=(count, 1))
    few = np.floor(even * sides) / sides
    turns = math.tau * np.where(kind < 0.4, even, np.where(kind < 0.7, uneven, few))
    across, along = radius[:, None] * np.cos(turns), flat[:, None] * np.sin(turns)
    angle = rng.uniform(0, math.tau, (count, 1))
    xs = x[:, None] + across * np.cos(angle) - along * np.sin(angle)
    ys = y[:, None] + across * np.sin(angle) + along * np.cos(angle)
    image = Image.new("I", (size, size))
    draw = ImageDraw.Draw(image)
    for number, outline in enumerate(np.stack([xs, ys], axis=-1).reshape(count, -1), start=1):
        draw.polygon(outline.tolist(), fill=number)
    return np.asarray(image)


def _colors(rng: np.random.Generator, count: int) -> Floats:
    """Muted colors of one scene, (count, 3) in 0..1; brightness varies far more than hue."""
    scene = rng.normal(0, 1, 3)
    exposure = 0.5 * scene[0] + rng.uniform(0.8, 2.2) * rng.normal(0, 1, count) - 0.2
    gray = 0.02 + 0.94 / (1 + np.exp(-exposure))
    # Most shapes are nearly gray, a few are colorful.
    chroma = rng.gamma(0.8, 0.8, (2, count)).clip(0, 3) * rng.choice((-1, 1), (2, count))
    warm = YELLOW_BLUE * (0.7 * scene[1] + chroma[0]) + WARMTH
    reddish = RED_GREEN * (0.7 * scene[2] + chroma[1])
    tints = np.stack([1 + 0.8 * warm + reddish, 1 - reddish, 1 - warm], axis=1)
    return np.clip(gray[:, None] * tints, 0, 1).astype(np.float32)


def _shade(rng: np.random.Generator, leaves: NDArray[np.int32], count: int) -> Floats:
    """Log of the light, (size, size): each shape has a gradient, a texture and perhaps stripes."""
    size = len(leaves)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    slope = rng.normal(0, 0.7, (2, count)).astype(np.float32)
    shade = slope[0][leaves] * (x - 0.5) + slope[1][leaves] * (y - 0.5)
    amount = np.exp(rng.uniform(np.log(0.01), np.log(0.5), count)).astype(np.float32)
    amount[0] *= 0.3  # skies and walls
    textures = _textures()
    which = rng.integers(0, len(textures), count).astype(np.int32)
    start = rng.integers(0, textures[0].size, count).astype(np.int32)
    here = np.arange(size, dtype=np.int32)
    place = (start[leaves] + here[:, None] * TEXTURE_SIDE + here) % textures[0].size
    shade += amount[leaves] * textures.ravel()[which[leaves] * textures[0].size + place]
    striped = rng.uniform(size=count) < 0.12
    waves = np.exp(rng.uniform(np.log(8), np.log(60), count)) * math.tau
    angle = rng.uniform(0, math.tau, count)
    wave = (waves * np.stack([np.cos(angle), np.sin(angle)])).astype(np.float32)
    strength = (striped * rng.uniform(0.05, 0.35, count)).astype(np.float32)
    return shade + strength[leaves] * np.sin(wave[0][leaves] * x + wave[1][leaves] * y)


@functools.cache
def _textures() -> Floats:
    """(textures, TEXTURE_SIDE, TEXTURE_SIDE), each of mean 0 and standard deviation 1."""
    rng = np.random.default_rng(0)
    across, down = np.meshgrid(*[np.fft.fftfreq(TEXTURE_SIDE, 1 / TEXTURE_SIDE)] * 2)
    textures = []
    for slope, stretch_x, stretch_y in NOISES:
        frequency = np.hypot(across * stretch_x, down * stretch_y)
        frequency[0, 0] = np.inf
        noise = np.fft.fft2(rng.normal(size=frequency.shape))
        textures.append(np.fft.ifft2(noise * frequency ** (slope / 2)).real)
    for largest in (0.02, 0.05):  # foliage, gravel, crowds: many small shapes
        leaves = _draw_shapes(rng, TEXTURE_SIDE, 0.004, largest, 6000, top=0.0)
        textures.append(rng.normal(0, 1, leaves.max() + 1)[leaves])
    stacked = np.stack(textures)
    stacked -= stacked.mean(axis=(1, 2), keepdims=True)
    return (stacked / stacked.std(axis=(1, 2), keepdims=True)).astype(np.float32)
