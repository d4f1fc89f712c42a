"""The town: houses, a church, a bridge."""

from __future__ import annotations

import math
from collections.abc import Callable

import bpy  # pyright: ignore[reportMissingImports]
import numpy as np

from scripts.town.land import QUAY, RIVER, height_at, middle
from scripts.town.materials import glow, material, stone, tiles
from scripts.town.mesh import Mesh, Point, place


class Paints:
    """The materials that houses share."""

    def __init__(self) -> None:
        self.walls = [
            material(f"wall{k}", color, 0.12, 1.2, 0.9, 0.25)
            for k, color in enumerate(
                [
                    (0.62, 0.48, 0.30),
                    (0.70, 0.62, 0.48),
                    (0.58, 0.30, 0.20),
                    (0.72, 0.66, 0.58),
                    (0.50, 0.42, 0.34),
                    (0.66, 0.40, 0.28),
                    (0.42, 0.46, 0.44),
                ]
            )
        ]
        self.roofs = [
            tiles((0.30, 0.10, 0.055)),
            tiles((0.36, 0.14, 0.07)),
            tiles((0.20, 0.10, 0.08)),
        ]
        self.slate = tiles((0.075, 0.085, 0.10))
        self.frame = material("frame", (0.75, 0.72, 0.65), 0.05)
        self.glass = material("glass", (0.015, 0.02, 0.03), 0.1, 1, 0.08, 0)
        self.lamp = glow("lamp", (1.0, 0.55, 0.2), 2.5)
        self.wood = material("wood", (0.14, 0.08, 0.045), 0.3, 6)
        self.shutters = [
            material("green", (0.06, 0.16, 0.11), 0.15),
            material("blue", (0.08, 0.16, 0.28), 0.15),
            material("red", (0.28, 0.06, 0.04), 0.15),
        ]
        self.masonry = stone((0.42, 0.37, 0.30), 0.8)


def windows(
    mesh: Mesh,
    paints: Paints,
    rng: np.random.Generator,
    width: float,
    height: float,
    to_wall: Callable[[float, float, float], Point],
    door: bool,
) -> None:
    """Rows of windows with shutters on a wall; `to_wall` takes along, out and up in meters."""

    def plate(a0: float, a1: float, z0: float, z1: float, out: float, made_of) -> None:
        corners = [(a0, z0), (a1, z0), (a1, z1), (a0, z1)]
        mesh.face([to_wall(a, out, z) for a, z in corners], made_of)
        for (a, z), (b, y) in zip(corners, corners[1:] + corners[:1], strict=True):
            mesh.face(
                [to_wall(a, 0, z), to_wall(b, 0, y), to_wall(b, out, y), to_wall(a, out, z)],
                made_of,
            )

    columns = max(1, int((width - 0.8) / 2.0))
    pitch = width / columns
    shutter = paints.shutters[rng.integers(3)] if rng.random() < 0.7 else None
    entrance = rng.integers(columns) if door else -1
    for floor in range(int(height / 2.7)):
        for column in range(columns):
            middle_, base = (column + 0.5) * pitch, 0.95 + 2.7 * floor
            if floor == 0 and column == entrance:
                plate(middle_ - 0.65, middle_ + 0.65, 0, 2.3, 0.05, paints.frame)
                plate(middle_ - 0.5, middle_ + 0.5, 0, 2.15, 0.08, paints.wood)
                continue
            plate(middle_ - 0.55, middle_ + 0.55, base - 0.08, base + 1.38, 0.06, paints.frame)
            lit = rng.random() < 0.12
            for side in (-1, 1):
                for part in (0, 1):
                    a = middle_ + side * 0.235
                    z = base + 0.33 + 0.66 * part
                    plate(
                        a - 0.19,
                        a + 0.19,
                        z - 0.29,
                        z + 0.29,
                        0.075,
                        paints.lamp if lit else paints.glass,
                    )
                if shutter is not None:
                    a = middle_ + side * 0.83
                    plate(a - 0.25, a + 0.25, base - 0.05, base + 1.35, 0.09, shutter)


def house(
    paints: Paints, rng: np.random.Generator, width: float, depth: float, height: float
) -> bpy.types.Mesh:
    """A house with a gabled roof; its front is at y = 0, looking to -y, from x = 0."""
    mesh = Mesh()
    wall = paints.walls[rng.integers(len(paints.walls))]
    roof = paints.roofs[rng.integers(3)] if rng.random() < 0.85 else paints.slate
    rise = 0.42 * (width if width < depth else depth) * rng.uniform(0.9, 1.25)
    mesh.box((0, 0, -4), (width, depth, height), wall)
    gable_front = width < depth
    over = 0.4
    if gable_front:
        ridge = [(width / 2, 0, height + rise), (width / 2, depth, height + rise)]
        for y in (0.0, depth):
            mesh.face([(0, y, height), (width, y, height), (width / 2, y, height + rise)], wall)
        slope = rise / (width / 2)
        for side in (0.0, width):
            sign = -1 if side == 0 else 1
            low = height - slope * over
            x = side + sign * over
            for lift in (0.0, 0.16):
                mesh.face(
                    [
                        (x, -over, low + lift),
                        (x, depth + over, low + lift),
                        (width / 2, depth + over, ridge[0][2] + lift),
                        (width / 2, -over, ridge[0][2] + lift),
                    ],
                    roof,
                )
            mesh.face(
                [
                    (x, -over, low),
                    (x, -over, low + 0.16),
                    (width / 2, -over, ridge[0][2] + 0.16),
                    (width / 2, -over, ridge[0][2]),
                ],
                paints.wood,
            )
            mesh.face(
                [
                    (x, -over, low),
                    (x, depth + over, low),
                    (x, depth + over, low + 0.16),
                    (x, -over, low + 0.16),
                ],
                paints.wood,
            )
        if rise > 2.2:
            middle_ = width / 2
            mesh.box(
                (middle_ - 0.5, -0.06, height + 0.25),
                (middle_ + 0.5, 0, height + 1.35),
                paints.frame,
            )
            mesh.box(
                (middle_ - 0.38, -0.08, height + 0.35),
                (middle_ + 0.38, 0, height + 1.25),
                paints.glass,
            )
    else:
        for x in (0.0, width):
            mesh.face([(x, 0, height), (x, depth, height), (x, depth / 2, height + rise)], wall)
        slope = rise / (depth / 2)
        for side in (0.0, depth):
            sign = -1 if side == 0 else 1
            low, y = height - slope * over, side + sign * over
            for lift in (0.0, 0.16):
                mesh.face(
                    [
                        (-over, y, low + lift),
                        (width + over, y, low + lift),
                        (width + over, depth / 2, height + rise + lift),
                        (-over, depth / 2, height + rise + lift),
                    ],
                    roof,
                )
            mesh.face(
                [
                    (-over, y, low),
                    (width + over, y, low),
                    (width + over, y, low + 0.16),
                    (-over, y, low + 0.16),
                ],
                paints.wood,
            )
        for x in np.arange(1.2, width - 1.2, 2.6):
            if rng.random() < 0.6:
                y0 = depth * 0.16
                z0 = height + slope * y0
                mesh.box((x, y0, z0), (x + 1.1, depth / 2, z0 + 1.2), wall)
                mesh.box((x + 0.2, y0 - 0.04, z0 + 0.25), (x + 0.9, y0, z0 + 1.0), paints.glass)
                mesh.face(
                    [
                        (x - 0.15, y0 - 0.2, z0 + 1.2),
                        (x + 1.25, y0 - 0.2, z0 + 1.2),
                        (x + 1.25, depth / 2, z0 + 1.65),
                        (x - 0.15, depth / 2, z0 + 1.65),
                    ],
                    roof,
                )
    x, y = rng.uniform(0.25, 0.75) * width, rng.uniform(0.3, 0.7) * depth
    mesh.box((x, y, height), (x + 0.7, y + 0.7, height + rise + 0.9), paints.masonry)
    windows(mesh, paints, rng, width, height, lambda a, out, z: (a, -out, z), door=True)
    windows(mesh, paints, rng, depth, height, lambda a, out, z: (width + out, a, z), door=False)
    windows(mesh, paints, rng, depth, height, lambda a, out, z: (-out, a, z), door=False)
    return mesh.build("house")


def church(paints: Paints) -> bpy.types.Mesh:
    mesh = Mesh()
    wall = paints.masonry
    mesh.box((-4, -4, -4), (4, 4, 24), wall)
    mesh.box((-4.3, -4.3, 23.6), (4.3, 4.3, 24.3), wall)
    tip = (0, 0, 43)
    ring = [(4.3 * sx, 4.3 * sy, 24.3) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    waist = [(2.4 * sx, 2.4 * sy, 28.5) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    for k in range(4):
        n = (k + 1) % 4
        mesh.face([ring[k], ring[n], waist[n], waist[k]], paints.slate)
        mesh.face([waist[k], waist[n], tip], paints.slate)
    for z in (9, 17.5):
        for a in (-1.6, 1.6):
            for low, high in (
                ((a - 0.6, -4.06, z), (a + 0.6, -4, z + 3)),
                ((4, a - 0.6, z), (4.06, a + 0.6, z + 3)),
                ((-4.06, a - 0.6, z), (-4, a + 0.6, z + 3)),
            ):
                mesh.box(low, high, paints.glass)
    mesh.box((-1.3, -4.1, 13), (1.3, -4.05, 15.6), paints.frame)
    mesh.box((-5.5, 4, -4), (5.5, 26, 12), wall)
    for x in (-6.0, 6.0):
        mesh.face([(x, 3.8, 11.5), (x, 26.4, 11.5), (0, 26.4, 20), (0, 3.8, 20)], paints.roofs[0])
    for y in (4.0, 26.0):
        mesh.face([(-5.5, y, 12), (5.5, y, 12), (0, y, 19.6)], wall)
    for y in np.arange(6.5, 25, 4):
        for x in (-5.56, 5.5):
            mesh.box((x, y, 3), (x + 0.06, y + 1.4, 9), paints.glass)
    return mesh.build("church")


def bridge(y: float) -> None:
    """Arches of stone across the river at y."""
    mesh = Mesh()
    masonry = stone((0.42, 0.36, 0.28), 0.9)
    start, end = float(middle(y)) - RIVER - 4, float(middle(y)) + RIVER + 8
    x = np.linspace(start, end, 400)
    along = (x - start) / (end - start)
    top = QUAY + 0.9 + 2.6 * np.sin(np.pi * along)
    span, pier = 10.4, 2.0
    offset = (x - start - 4.0) % (span + pier) - span / 2
    radius = span / 2
    inside = np.abs(offset) < radius
    arch = np.where(inside, np.sqrt(np.maximum(radius**2 - offset**2, 0)) * 0.78 - 0.2, -2.0)
    arch = np.minimum(arch, top - 0.8)
    for side, depth in ((-1, 0.0), (1, 5.5)):
        front = np.stack(
            [np.stack([x, np.full_like(x, y + depth), z], -1) for z in (arch, top, top + 0.95)]
        )
        mesh.surface(front, masonry)
        back = np.stack(
            [
                np.stack([x, np.full_like(x, y + depth - side * 0.4), z], -1)
                for z in (top + 0.95, top)
            ]
        )
        mesh.surface(back, masonry)
        edge = np.stack(
            [
                np.stack([x, np.full_like(x, y + depth + side * d), top + 0.95], -1)
                for d in (0.1, -0.45)
            ]
        )
        mesh.surface(edge, masonry)
        rim = np.stack(
            [
                np.stack([x, np.full_like(x, y + depth + side * d), z], -1)
                for d, z in (
                    (0, top - 0.25),
                    (0.12, top - 0.25),
                    (0.12, top + 0.02),
                    (0, top + 0.02),
                )
            ]
        )
        mesh.surface(rim, masonry)
    under = np.stack([np.stack([x, np.full_like(x, y + d), arch], -1) for d in (0, 5.5)])
    deck = np.stack([np.stack([x, np.full_like(x, y + d), top], -1) for d in (0, 5.5)])
    mesh.surface(under, masonry)
    mesh.surface(deck, masonry)
    for k in range(4):
        at = start + 4.0 + (span + pier) * k - pier / 2
        if abs(at - float(middle(y))) < RIVER:
            mesh.tube(
                [((at, y - 0.2, -1), 1.25), ((at, y - 0.2, 2.2), 1.25), ((at, y, 3.0), 0.1)],
                10,
                masonry,
            )
    place(mesh.build("bridge"))


def town(rng: np.random.Generator) -> None:
    paints = Paints()
    for row, (back, start, end) in enumerate(
        [(9.5, -20, 185), (24, -12, 190), (39, 0, 200), (56, 20, 200), (76, 40, 200)]
    ):
        y = float(start)
        while y < end:
            frontage = rng.uniform(5.5, 9.5)
            depth = rng.uniform(8, 11)
            height = rng.choice([5.4, 8.1, 8.1, 10.8]) if row < 3 else rng.choice([5.4, 8.1])
            gap = 0.0 if rng.random() < 0.7 and row == 0 else rng.uniform(1, 5 + 2 * row)
            x = float(middle(y + frontage / 2)) - RIVER - back + rng.uniform(-0.6, 0.6)
            near_bridge = row == 0 and y < 66 and y + frontage > 58
            near_church = 30 < back < 60 and y < 122 and y + frontage > 84
            if not near_bridge and not near_church:
                z = height_at(x - depth / 2, y + frontage / 2)
                # The front looks to the river, that is to +x.
                turn = math.pi / 2 + math.atan(-0.00288 * max(y, 0) - 0.02)
                made = house(paints, rng, frontage, depth, height)
                place(made, (x, y, z), turn)
            y += frontage + gap
    x = float(middle(95)) - RIVER - 44
    place(church(paints), (x, 88, height_at(x, 95)), 0.25, 1.0)
    # A farm and a mill on the other bank, far away.
    for x, y, turn in ((95, 120, -0.9), (112, 136, -0.4), (150, 210, -1.2), (170, 216, -0.3)):
        place(house(paints, rng, 12, 8, 5.4), (float(x), float(y), height_at(x, y)), turn)
