"""Boats, people and birds."""

from __future__ import annotations

import math

import numpy as np

from scripts.town.land import QUAY, RIVER, height_at, middle
from scripts.town.materials import material
from scripts.town.mesh import Mesh, Point, place


def hull(mesh: Mesh, length: float, width: float, depth: float, paint, inside) -> None:
    t = np.linspace(-1, 1, 25)
    beam = width / 2 * (1 - np.abs(t) ** 2.6)
    sheer = 0.28 * depth * t**2
    shell, inner = [], []
    for k in range(9):
        a = math.pi * k / 8
        x = beam * math.cos(a)
        z = depth * (0.75 - math.sin(a) ** 0.6 * 1.0) + sheer
        shell.append(np.stack([x, t * length / 2, z], -1))
        inner.append(np.stack([x * 0.92, t * length / 2 * 0.97, np.maximum(z, 0) + 0.06], -1))
    mesh.surface(np.stack(shell), paint)
    mesh.surface(np.stack(inner), inside)
    for k in (-0.45, 0.1, 0.55):
        w = width / 2 * (1 - abs(k) ** 2.6) * 0.9
        y = k * length / 2
        mesh.box((-w, y - 0.13, depth * 0.42), (w, y + 0.13, depth * 0.5), inside)


def person(mesh: Mesh, at: Point, coat, skin, hat, seated: bool) -> None:
    """A figure about 1.75 meters tall, standing or seated."""
    x, y, z = at
    body = z + (0.0 if seated else 0.8)
    if not seated:
        for side in (-0.1, 0.1):
            mesh.tube([((x + side, y, z), 0.08), ((x + side * 0.8, y, z + 0.85), 0.11)], 8, hat)
    else:
        for side in (-0.12, 0.12):
            mesh.tube(
                [
                    ((x + side, y - 0.45, z - 0.35), 0.07),
                    ((x + side, y - 0.42, z + 0.08), 0.09),
                    ((x + side, y, z + 0.1), 0.11),
                ],
                8,
                hat,
            )
    mesh.tube(
        [
            ((x, y, body), 0.19),
            ((x, y, body + 0.25), 0.18),
            ((x, y, body + 0.5), 0.22),
            ((x, y, body + 0.62), 0.09),
            ((x, y, body + 0.68), 0.06),
        ],
        12,
        coat,
    )
    for side in (-0.24, 0.24):
        mesh.tube(
            [
                ((x + side * 0.9, y - 0.3, body + 0.12), 0.045),
                ((x + side * 1.1, y - 0.05, body + 0.25), 0.06),
                ((x + side, y, body + 0.54), 0.075),
            ],
            8,
            coat,
        )
        mesh.tube(
            [
                ((x + side * 0.85, y - 0.36, body + 0.1), 0.04),
                ((x + side * 0.9, y - 0.3, body + 0.14), 0.045),
            ],
            8,
            skin,
        )
    head = body + 0.82
    rings = [
        ((x, y, head + 0.14 * math.sin(a)), 0.115 * math.cos(a) + 0.001)
        for a in np.linspace(-1.5, 1.5, 9)
    ]
    mesh.tube(rings, 12, skin)
    mesh.tube(
        [
            ((x, y, head + 0.06), 0.24),
            ((x, y, head + 0.08), 0.24),
            ((x, y, head + 0.08), 0.125),
            ((x, y, head + 0.2), 0.11),
            ((x, y, head + 0.21), 0.0),
        ],
        14,
        hat,
    )


def boats() -> None:
    red = material("hull", (0.36, 0.045, 0.03), 0.12, 4, 0.35, 0.05)
    blue = material("hull blue", (0.04, 0.12, 0.25), 0.12, 4, 0.35, 0.05)
    white = material("hull white", (0.7, 0.68, 0.62), 0.08, 4, 0.4, 0.05)
    planks = material("planks", (0.33, 0.2, 0.1), 0.25, 9, 0.6)
    canvas = material("sail", (0.75, 0.38, 0.12), 0.1, 1, 0.9, 0.1, 0.35)
    cream = material("sail cream", (0.8, 0.74, 0.6), 0.08, 1, 0.9, 0.1, 0.35)
    skin = material("skin", (0.55, 0.32, 0.22), 0.05)
    coat = material("coat", (0.75, 0.7, 0.6), 0.1)
    vest = material("vest", (0.05, 0.09, 0.2), 0.1)
    straw = material("straw", (0.5, 0.36, 0.12), 0.1)
    dark = material("trousers", (0.06, 0.05, 0.05), 0.1)

    near = Mesh()
    hull(near, 5.2, 1.7, 0.75, red, planks)
    person(near, (0, 0.25, 0.42), coat, skin, straw, seated=True)
    for side in (-1, 1):
        near.tube(
            [((side * 0.3, -0.15, 0.78), 0.03), ((side * 2.3, -0.75, 0.02), 0.035)], 6, planks
        )
        near.face(
            [
                (side * 2.0, -0.60, 0.16),
                (side * 2.15, -0.78, 0.12),
                (side * 2.75, -0.95, -0.12),
                (side * 2.6, -0.78, -0.08),
            ],
            planks,
        )
    place(near.build("boat", smooth=True), (1.6, -12.5, 0.05), -0.75)

    for at, turn, paint, sail, size in (
        ((9.5, 26.0, 0), 0.5, white, canvas, 1.25),
        ((float(middle(128)) + 3, 128.0, 0), -0.4, blue, cream, 1.3),
    ):
        ship = Mesh()
        hull(ship, 6, 2.0, 0.9, paint, planks)
        ship.tube([((0, 0.4, 0), 0.07), ((0, 0.4, 7.4), 0.04)], 8, planks)
        rows = []
        for t in np.linspace(0, 1, 9):
            foot = np.linspace(0, 1, 7) * 3.3 * (1 - t) ** 0.9
            bulge = 0.5 * np.sin(np.pi * np.linspace(0, 1, 7)) * (1 - t)
            rows.append(np.stack([bulge, 0.3 - foot, np.full(7, 1.2 + 5.9 * t)], -1))
        ship.surface(np.stack(rows), sail)
        ship.tube([((0, 0.4, 1.15), 0.05), ((0, -3.0, 1.16), 0.04)], 6, planks)
        ship.face([(0, 0.5, 6.4), (0.15, 1.6, 3.4), (0, 2.9, 0.9), (0.25, 0.8, 1.3)], sail)
        person(ship, (0.3, -1.8, 0.6), vest, skin, straw, seated=True)
        place(ship.build("sailing boat", smooth=True), at, turn, size)

    for y, paint in ((2.0, blue), (8.5, red), (15.5, white), (23.0, blue), (31, red), (39, white)):
        moored = Mesh()
        hull(moored, 4.6, 1.5, 0.7, paint, planks)
        place(
            moored.build("moored boat", smooth=True),
            (float(middle(y)) - RIVER + 1.3, y, 0),
            0.06 * math.sin(y),
        )

    people = Mesh()
    for x, y, jacket in (
        (-18.6, 4.0, coat),
        (-19.2, 4.7, vest),
        (-18.4, 17.0, vest),
        (-19.8, 30.0, coat),
        (-18.5, 43, coat),
    ):
        person(people, (x + float(middle(y)), y, QUAY + 0.05), jacket, skin, dark, seated=False)
    person(people, (22.0, -14.0, height_at(22, -14)), vest, skin, straw, seated=False)
    place(people.build("people", smooth=True))


def birds(rng: np.random.Generator) -> None:
    dark = material("bird", (0.04, 0.04, 0.05))
    mesh = Mesh()
    mesh.face([(0, 0, 0), (0.55, 0.1, 0.22), (1.1, -0.1, 0.1), (0.5, -0.12, 0.16)], dark)
    mesh.face([(0, 0, 0), (-0.55, 0.1, 0.22), (-1.1, -0.1, 0.1), (-0.5, -0.12, 0.16)], dark)
    mesh.face([(-0.08, -0.3, 0), (0.08, -0.3, 0), (0, 0.45, 0.03)], dark)
    made = mesh.build("bird")
    for _ in range(9):
        at = (rng.uniform(2, 26), rng.uniform(55, 75), rng.uniform(19, 27))
        place(made, at, rng.uniform(-0.6, 0.6), rng.uniform(0.8, 1.2))
