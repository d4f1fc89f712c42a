"""Meshes, and objects that have them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import bpy  # pyright: ignore[reportMissingImports]
import numpy as np

Point = tuple[float, float, float]


class Mesh:
    """Faces of several materials, which become one object."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.faces: list[tuple[int, ...]] = []
        self.materials: list[bpy.types.Material] = []
        self.of_face: list[int] = []

    def face(self, points: Sequence[Point], made_of: bpy.types.Material) -> None:
        if made_of not in self.materials:
            self.materials.append(made_of)
        start = len(self.points)
        self.points.extend(points)
        self.faces.append(tuple(range(start, start + len(points))))
        self.of_face.append(self.materials.index(made_of))

    def box(self, low: Point, high: Point, made_of: bpy.types.Material) -> None:
        (x0, y0, z0), (x1, y1, z1) = low, high
        for points in (
            [(x0, y0, z0), (x1, y0, z0), (x1, y0, z1), (x0, y0, z1)],
            [(x1, y0, z0), (x1, y1, z0), (x1, y1, z1), (x1, y0, z1)],
            [(x1, y1, z0), (x0, y1, z0), (x0, y1, z1), (x1, y1, z1)],
            [(x0, y1, z0), (x0, y0, z0), (x0, y0, z1), (x0, y1, z1)],
            [(x0, y0, z1), (x1, y0, z1), (x1, y1, z1), (x0, y1, z1)],
            [(x0, y1, z0), (x1, y1, z0), (x1, y0, z0), (x0, y0, z0)],
        ):
            self.face(points, made_of)

    def tube(
        self, rings: Sequence[tuple[Point, float]], sides: int, made_of: bpy.types.Material
    ) -> None:
        """A tube around points with radii; its rings are level."""
        angles = [2 * math.pi * k / sides for k in range(sides + 1)]
        circles = [
            [(x + r * math.cos(a), y + r * math.sin(a), z) for a in angles]
            for (x, y, z), r in rings
        ]
        for lower, upper in pairwise(circles):
            for k in range(sides):
                self.face([lower[k], lower[k + 1], upper[k + 1], upper[k]], made_of)

    def surface(self, grid: np.ndarray, made_of: bpy.types.Material) -> None:
        """A sheet through points (rows, columns, 3)."""
        rows, columns = grid.shape[:2]
        if made_of not in self.materials:
            self.materials.append(made_of)
        start = len(self.points)
        self.points.extend(map(tuple, grid.reshape(-1, 3).tolist()))
        index = start + np.arange(rows * columns).reshape(rows, columns)
        quads = np.stack(
            [index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1
        ).reshape(-1, 4)
        self.faces.extend(map(tuple, quads.tolist()))
        self.of_face.extend([self.materials.index(made_of)] * len(quads))

    def build(self, name: str, smooth: bool = False) -> bpy.types.Mesh:
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata(self.points, [], self.faces)
        for made_of in self.materials:
            mesh.materials.append(made_of)
        mesh.polygons.foreach_set("material_index", self.of_face)
        if smooth:
            mesh.polygons.foreach_set("use_smooth", [True] * len(self.faces))
        mesh.update()
        return mesh


def place(
    mesh: bpy.types.Mesh, at: Point = (0, 0, 0), turn: float = 0, scale: float | Point = 1
) -> bpy.types.Object:
    thing = bpy.data.objects.new(mesh.name, mesh)
    thing.location = at
    thing.rotation_euler = (0, 0, turn)
    thing.scale = (scale,) * 3 if isinstance(scale, int | float) else scale
    bpy.context.scene.collection.objects.link(thing)
    return thing
