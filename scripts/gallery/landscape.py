"""Draw the landscape that the README stylizes: mountains, a lake, firs and a cabin.

    python -m scripts.gallery.landscape docs/images/landscape.jpg

It consists of noise, gradients and polygons from one seed; no photo or painting is used.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from faststyle.images.write import save_image

WIDTH, HEIGHT = 768, 512
HORIZON = 320
SUPERSAMPLING = 2


def fractal(rng: np.random.Generator, shape: tuple[int, int], octaves: int) -> np.ndarray:
    """Return noise of `shape`, (height, width), in [0, 1].

    Each octave is half as strong and twice as fine as the one before.
    """
    height, width = shape
    total = np.zeros(shape, dtype=np.float32)
    for octave in range(octaves):
        cells = 2 ** (octave + 1)
        coarse = rng.uniform(0, 255, (cells, 2 * cells)).astype(np.float32)
        smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        total += np.asarray(smooth) / 255 / 2**octave
    return (total - total.min()) / (total.max() - total.min())


def blend(top: tuple[int, ...], bottom: tuple[int, ...], share: np.ndarray) -> np.ndarray:
    """Mix two RGB colors by `share` of the second, (H, W); return (H, W, 3)."""
    return np.array(top) + (np.array(bottom) - np.array(top)) * share[..., None]


def draw_sky(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width] / height
    sky = blend((52, 104, 178), (250, 214, 170), np.clip(y / (HORIZON / HEIGHT), 0, 1) ** 1.4)
    distance = np.hypot(x - 1.02, y - 0.30)
    sky += np.exp(-((distance / 0.16) ** 2))[..., None] * np.array([90, 80, 30])
    sky[distance < 0.055] = (255, 247, 214)
    clouds = np.clip((fractal(rng, (height, width), 7) - 0.52) * 3.2, 0, 0.85)
    clouds *= np.clip(1.25 - 1.5 * y, 0, 1)
    return sky * (1 - clouds[..., None]) + np.array([255, 240, 226]) * clouds[..., None]


def ridge(rng: np.random.Generator, width: int, base: float, relief: float) -> np.ndarray:
    """Return a mountain's outline, pixels from the top, for each column."""
    return base - relief * fractal(rng, (2, width), 8)[0]


def draw_mountains(rng: np.random.Generator, picture: np.ndarray, scale: int) -> None:
    height, width = picture.shape[:2]
    rows = np.arange(height)[:, None]
    layers = [
        (250, 170, (122, 140, 178), (188, 190, 200)),
        (290, 130, (84, 104, 140), (150, 156, 166)),
        (322, 80, (52, 82, 76), (94, 120, 92)),
    ]
    for base, relief, shadow, light in layers:
        outline = ridge(rng, width, base * scale, relief * scale)
        inside = (rows >= outline) & (rows < HORIZON * scale)
        grain = fractal(rng, (height, width), 8)
        # Slopes that face the sun, on the right, are lighter.
        facing = np.clip(0.5 + 0.35 * np.gradient(outline), 0, 1)
        tone = blend(shadow, light, np.clip(0.65 * facing + 0.6 * grain - 0.15, 0, 1))
        if base == 250:
            snow = rows < outline + (18 + 30 * grain) * scale
            tone = np.where(snow[..., None], blend((196, 206, 226), (255, 250, 240), grain), tone)
        picture[inside] = tone[inside]


def draw_lake(rng: np.random.Generator, picture: np.ndarray, scale: int) -> None:
    height, width = picture.shape[:2]
    horizon = HORIZON * scale
    for row in range(horizon, height):
        depth = (row - horizon) / (height - horizon)
        source = max(0, int(horizon - 1 - (row - horizon) * 1.25))
        shift = int(scale * 6 * depth * np.sin(row / scale * (1.6 - depth)))
        mirrored = np.roll(picture[source], shift, axis=0)
        murk = np.array([18, 42, 62]) * (0.14 + 0.3 * depth)
        picture[row] = mirrored * (0.86 - 0.3 * depth) + murk
    waves = fractal(rng, (height - horizon, width), 9)[..., None]
    picture[horizon:] += (waves - 0.5) * np.linspace(10, 60, height - horizon)[:, None, None]


def draw_fir(draw: ImageDraw.ImageDraw, rng: np.random.Generator, x: float, y: float, size: float):
    draw.rectangle([x - size * 0.03, y - size * 0.15, x + size * 0.03, y], fill=(64, 46, 34))
    for tier in range(7):
        top, half = y - size * (1 - 0.12 * tier), size * (0.07 + 0.035 * tier)
        green = int(rng.integers(-12, 12))
        left = [(x, top), (x - half, top + size * 0.22), (x, top + size * 0.19)]
        right = [(x, top), (x + half, top + size * 0.22), (x, top + size * 0.19)]
        draw.polygon(left, fill=(26, 56 + green, 44))
        draw.polygon(right, fill=(58, 92 + green, 54))


def draw_cabin(draw: ImageDraw.ImageDraw, x: float, y: float, s: float) -> None:
    """A cabin with its lower left corner at (x, y), `s` times 128 pixels wide."""

    def at(*corners: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x + across * s, y - up * s) for across, up in corners]

    thin, thick = max(1, round(s)), max(1, round(2 * s))
    draw.polygon(at((0, 0), (0, 60), (70, 60), (70, 0)), (122, 74, 46))
    draw.polygon(at((70, 0), (70, 60), (120, 52), (120, 6)), (168, 108, 66))
    for up in range(10, 60, 10):
        draw.line(at((0, up), (70, up)), (98, 58, 36), thin)
        draw.line(at((70, up), (120, up - 2)), (140, 88, 52), thin)
    draw.polygon(at((-10, 56), (32, 104), (80, 56)), (92, 48, 40))
    draw.polygon(at((32, 104), (92, 96), (128, 48), (80, 56)), (178, 72, 54))
    draw.rectangle(at((84, 118), (96, 84)), (116, 108, 106))
    for across in (12, 44):
        pane = at((across, 42), (across + 16, 22))
        draw.rectangle(pane, (255, 214, 120), (70, 40, 26), thick)
    draw.rectangle(at((86, 38), (102, 4)), (82, 48, 32))


def draw_shore(rng: np.random.Generator, picture: np.ndarray, scale: int) -> Image.Image:
    height, width = picture.shape[:2]
    columns = np.linspace(0, 1, width)
    rolling = 30 * fractal(rng, (2, width), 6)[0]
    outline = (452 - 120 * np.exp(-((columns / 0.34) ** 2)) - rolling) * scale
    inside = np.arange(height)[:, None] >= outline
    meadow = blend((58, 84, 40), (158, 168, 82), fractal(rng, (height, width), 9))
    picture[inside] = meadow[inside]
    image = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw_cabin(draw, 70 * scale, 402 * scale, 1.05 * scale)
    firs = [(34, 398, 130), (228, 404, 150), (268, 424, 110), (700, 500, 230), (738, 506, 180)]
    firs += [(300, 442, 84), (640, 506, 120), (12, 420, 170)]
    for x, y, size in firs:
        draw_fir(draw, rng, x * scale, y * scale, size * scale)
    for _ in range(90):
        x = rng.uniform(0, width)
        y = rng.uniform(outline[int(x)] + 26 * scale, height)
        radius = scale * rng.uniform(1.2, 2.6)
        color = [(236, 208, 92), (232, 236, 240), (206, 84, 88)][int(rng.integers(3))]
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=color)
    return image


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the landscape that the README stylizes.")
    parser.add_argument("output", type=Path)
    output = parser.parse_args().output
    rng = np.random.default_rng(7)
    scale = SUPERSAMPLING
    picture = draw_sky(rng, WIDTH * scale, HEIGHT * scale)
    draw_mountains(rng, picture, scale)
    draw_lake(rng, picture, scale)
    image = draw_shore(rng, picture, scale).filter(ImageFilter.GaussianBlur(0.6))
    save_image(image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS), output)


if __name__ == "__main__":
    main()
