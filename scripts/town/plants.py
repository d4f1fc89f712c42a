"""Trees, reeds, grass and flowers."""

from __future__ import annotations

import math

import bpy  # pyright: ignore[reportMissingImports]
import numpy as np

from scripts.town.land import RIVER, fractal, height_at, middle
from scripts.town.materials import material
from scripts.town.mesh import Mesh, place


def leaves(
    mesh: Mesh,
    rng: np.random.Generator,
    center: np.ndarray,
    radii: np.ndarray,
    count: int,
    size: float,
    made_of: bpy.types.Material,
) -> None:
    """Small leaves, most of them in the outer part of an ellipsoid."""
    direction = rng.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    distance = rng.uniform(0.35, 1, (count, 1)) ** (1 / 2.2)
    at = center + direction * distance * radii
    along = rng.normal(size=(count, 3))
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(along, rng.normal(size=(count, 3)))
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    length = size * rng.uniform(0.6, 1.3, (count, 1))
    for p, a, b in zip(at, along * length, across * length * 0.6, strict=True):
        mesh.face([tuple(p - a), tuple(p + b), tuple(p + a), tuple(p - b)], made_of)


def tree(rng: np.random.Generator, foliage, bark, slim: bool) -> bpy.types.Mesh:
    """A tree 8 meters high, or a poplar of 12."""
    mesh = Mesh()
    if slim:
        mesh.tube([((0, 0, -0.5), 0.3), ((0, 0, 11), 0.05)], 7, bark)
        for k in range(26):
            z = 1.6 + k * 0.4
            width = 1.35 * math.sin(math.pi * min(1, (z + 0.6) / 12.8)) ** 0.7
            angle = rng.uniform(0, 2 * math.pi)
            center = np.array([0.4 * math.cos(angle), 0.4 * math.sin(angle), z])
            leaves(mesh, rng, center, np.array([width, width, 0.9]), 170, 0.17, foliage)
        return mesh.build("poplar")
    mesh.tube([((0, 0, -0.5), 0.34), ((0.1, 0, 2), 0.24), ((0.1, 0.1, 5.5), 0.08)], 8, bark)
    for k in range(17):
        angle = 2.4 * k + rng.uniform(-0.4, 0.4)
        share = (k + 0.5) / 17
        z = 2.9 + 4.4 * share
        reach = 2.5 * math.sqrt(max(0.05, 1 - (2 * share - 0.75) ** 2))
        center = np.array([reach * math.cos(angle) * 0.72, reach * math.sin(angle) * 0.72, z])
        start = (0.1, 0.05, max(1.8, z - 1.6))
        mesh.tube([(start, 0.09), (tuple(center), 0.02)], 5, bark)
        leaves(
            mesh,
            rng,
            center,
            rng.uniform(0.8, 1.35) * np.array([1.15, 1.15, 0.8]),
            330,
            0.16,
            foliage,
        )
    return mesh.build("tree")


def tuft(
    rng: np.random.Generator, count: int, height: float, spread: float, made_of
) -> bpy.types.Mesh:
    """Blades of grass or reed."""
    mesh = Mesh()
    for _ in range(count):
        x, y = rng.normal(0, spread, 2)
        lean = rng.normal(0, 0.28, 2) * height
        tall = height * rng.uniform(0.5, 1.1)
        w = 0.018 * height + 0.006
        angle = rng.uniform(0, math.pi)
        dx, dy = w * math.cos(angle), w * math.sin(angle)
        half = (x + lean[0] * 0.3, y + lean[1] * 0.3, tall * 0.6)
        mesh.face(
            [
                (x - dx, y - dy, -0.2),
                (x + dx, y + dy, -0.2),
                (half[0] + dx, half[1] + dy, half[2]),
                (half[0] - dx, half[1] - dy, half[2]),
            ],
            made_of,
        )
        mesh.face(
            [
                (half[0] - dx, half[1] - dy, half[2]),
                (half[0] + dx, half[1] + dy, half[2]),
                (x + lean[0], y + lean[1], tall),
            ],
            made_of,
        )
    return mesh.build("tuft")


def plants(rng: np.random.Generator) -> None:
    bark = material("bark", (0.10, 0.075, 0.05), 0.3, 8)
    greens = [
        material("leaf", (0.055, 0.12, 0.02), 0.3, 0.6, 0.6, 0, 0.3, per_object=0.3),
        material("gold", (0.32, 0.19, 0.03), 0.3, 0.6, 0.6, 0, 0.3, per_object=0.3),
        material("olive", (0.11, 0.14, 0.035), 0.3, 0.6, 0.6, 0, 0.3, per_object=0.3),
    ]
    trees = [tree(rng, foliage, bark, slim=False) for foliage in (*greens, greens[0], greens[2])]
    poplars = [tree(rng, foliage, bark, slim=True) for foliage in (greens[0], greens[1])]

    def plant(x: float, y: float, size: float, slim: bool = False) -> None:
        kinds = poplars if slim else trees
        made = kinds[rng.integers(len(kinds))]
        place(
            made, (x, y, height_at(x, y) - 0.1), rng.uniform(0, 6.3), size * rng.uniform(0.85, 1.2)
        )

    # The right bank: a row of poplars, then groves.
    for y in np.arange(34, 190, 7.5):
        plant(float(middle(y)) + RIVER + 13 + rng.normal(0, 0.6), y, 1.25, slim=True)
    for _ in range(70):
        y = rng.uniform(6, 190)
        plant(float(middle(y)) + RIVER + 4 + 60 * rng.random() ** 1.6, y, rng.uniform(0.6, 1.3))
    plant(27.5, -3, 1.15)
    plant(33, 5, 1.3)
    # Between the houses, and on the quay.
    for y in range(-8, 180, 15):
        plant(float(middle(y)) - RIVER - 3.2, y + rng.normal(0, 2), 0.62)
    for _ in range(90):
        y, back = rng.uniform(0, 210), rng.uniform(18, 120)
        plant(float(middle(y)) - RIVER - back, y, rng.uniform(0.6, 1.0))
    # Woods on the hills.
    for _ in range(2600):
        angle, distance = rng.uniform(-1.25, 1.25), rng.uniform(190, 800) ** 1.0
        x, y = distance * math.sin(angle), distance * math.cos(angle)
        if abs(x - float(middle(y))) < RIVER + 6:
            continue
        if float(fractal(np.array([x / 160]), np.array([y / 160]), 11, 3)[0]) > -0.05:
            plant(x, y, rng.uniform(0.9, 1.5))
    # Reeds and grass at the near bank.
    reed = material("reed", (0.17, 0.18, 0.05), 0.3, 2, 0.7, 0, 0.3, per_object=0.35)
    grass = material("grass", (0.09, 0.15, 0.03), 0.3, 2, 0.7, 0, 0.3, per_object=0.35)
    red, white = (
        material("poppy", (0.6, 0.03, 0.015), 0.1),
        material("daisy", (0.8, 0.8, 0.7), 0.1),
    )
    reeds = [tuft(rng, 60, 1.5, 0.22, reed) for _ in range(3)]
    grasses = [tuft(rng, 90, 0.45, 0.3, grass) for _ in range(3)]
    for _ in range(420):
        y = rng.uniform(-30, 60)
        x = float(middle(y)) + RIVER + rng.normal(0.2, 0.5)
        place(reeds[rng.integers(3)], (x, y, 0), rng.uniform(0, 6), rng.uniform(0.6, 1.2))
    for _ in range(3000):
        y = -31 + 75 * rng.random() ** 1.7
        x = float(middle(y)) + RIVER + 0.6 + 26 * rng.random() ** 1.4
        place(
            grasses[rng.integers(3)],
            (x, y, height_at(x, y)),
            rng.uniform(0, 6),
            rng.uniform(0.7, 1.4),
        )
    flower = []
    for made_of in (red, white):
        mesh = Mesh()
        mesh.tube([((0, 0, 0.42), 0.0), ((0, 0, 0.47), 0.06), ((0, 0, 0.50), 0.0)], 6, made_of)
        flower.append(mesh.build("flower"))
    for _ in range(700):
        y = -30 + 45 * rng.random()
        x = float(middle(y)) + RIVER + 1 + 22 * rng.random()
        place(flower[rng.random() < 0.3], (x, y, height_at(x, y)), 0, rng.uniform(0.9, 1.6))
