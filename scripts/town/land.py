"""The land: a valley with a river, a quay, hills."""

from __future__ import annotations

import math

import numpy as np

from scripts.town.materials import meadow, stone, water
from scripts.town.mesh import Mesh, place

RIVER = 17.0  # half its width, meters
QUAY = 2.2  # height of the town's ground over the water


def fractal(x: np.ndarray, y: np.ndarray, seed: int, octaves: int = 5) -> np.ndarray:
    """Smooth noise about 0 at points (any shape), of wave length 1 and shorter."""
    rng = np.random.default_rng(seed)
    total = np.zeros_like(x)
    for octave in range(octaves):
        for _ in range(4):
            angle, phase = rng.uniform(0, 2 * math.pi, 2)
            frequency = 2**octave * rng.uniform(0.7, 1.3) * 2 * math.pi
            wave = np.sin(frequency * (x * np.cos(angle) + y * np.sin(angle)) + phase)
            total += wave / 2**octave / 4
    return total


def middle(y: np.ndarray | float) -> np.ndarray | float:
    """Where the river's middle is, x in meters."""
    return 0.0016 * (np.maximum(y, 0)) ** 2 * 0.9 + 0.02 * np.asarray(y)


def ground(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Height of the land over the water, meters."""
    across = x - middle(y)
    left, right = -across - RIVER, across - RIVER
    town = QUAY + 0.085 * np.clip(left - 12, 0, 130)
    field = 0.9 * np.tanh(right / 4) + 0.02 * np.clip(right, 0, 200)
    height = np.where(left > 0, town, np.where(right > 0, field, -2.0))
    far = np.clip((np.hypot(x, y) - 190) / 500, 0, 1)
    hills = 190 * far**1.4 * np.maximum(0.35 + 0.75 * fractal(x / 620, y / 620, 5), 0)
    bumps = 0.25 * fractal(x / 14, y / 14, 5) * np.clip(np.maximum(left - 6, right) / 6, 0, 1)
    return np.where((left > 0) | (right > 0), height + bumps, height) + np.maximum(hills, 0)


def height_at(x: float, y: float) -> float:
    return float(ground(np.array([x], float), np.array([y], float))[0])


def land() -> None:
    mesh = Mesh()
    y = np.concatenate([np.linspace(-60, 200, 300), np.geomspace(202, 1500, 110)])
    across = np.concatenate(
        [
            -RIVER - np.geomspace(0.02, 1400, 190)[::-1],
            np.linspace(-RIVER, RIVER, 12),
            RIVER + np.geomspace(0.02, 1400, 190),
        ]
    )
    yy = np.repeat(y[:, None], len(across), 1)
    xx = across[None] + middle(yy)
    mesh.surface(np.stack([xx, yy, ground(xx, yy)], -1), meadow())
    place(mesh.build("land", smooth=True))

    surface = Mesh()
    surface.face([(-900, -80, 0), (1500, -80, 0), (1500, 1500, 0), (-900, 1500, 0)], water())
    place(surface.build("water"))

    quay = Mesh()
    masonry = stone((0.33, 0.29, 0.23), 1.3)
    y = np.linspace(-30, 190, 200)
    x = middle(y) - RIVER
    for offset, low, high in ((0.05, -1, QUAY + 0.05), (0.0, QUAY, QUAY + 0.85)):
        wall = np.stack(
            [
                np.stack([x + offset, y, np.full_like(y, low)], -1),
                np.stack([x + offset, y, np.full_like(y, high)], -1),
                np.stack([x + offset - 0.45, y, np.full_like(y, high)], -1),
                np.stack([x + offset - 0.45, y, np.full_like(y, low)], -1),
            ]
        )
        quay.surface(wall, masonry)
    place(quay.build("quay"))

    street = Mesh()
    path = np.stack(
        [np.stack([x - d, y, np.full_like(y, QUAY + 0.06)], -1) for d in (0.2, 3.0, 6.0, 9.0)]
    )
    street.surface(path, stone((0.36, 0.32, 0.27), 0.5))
    place(street.build("street"))
