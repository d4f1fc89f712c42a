# ruff: noqa
# type: ignore
"""Render the photo-like picture that the README stylizes: a town at a river, by path tracing.

    pip install "bpy==4.5.*"
    python -m scripts.gallery.town town.png

Everything in it is built here from numbers and one seed: no photo, texture, model or painting is
used. `bpy` is Blender as a package; a picture of 1,600 pixels takes it some minutes on a CPU.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

try:
    import bpy
except ImportError:  # only --help works without it
    bpy = None

Color = tuple[float, float, float]
Point = tuple[float, float, float]
RIVER = 17.0  # half its width, meters
QUAY = 2.2  # height of the town's ground over the water
CAMERA = (6.0, -34.0, 5.2)
SUN = (math.radians(27), math.radians(112))  # elevation; azimuth from +y: right, a little behind


# Materials


class Nodes:
    """A node tree of Blender, written as nested calls."""

    def __init__(self, tree: bpy.types.NodeTree):
        self.tree = tree
        tree.nodes.clear()

    def add(self, kind: str, inputs: dict[str | int, object] | None = None, **settings: object):
        node = self.tree.nodes.new(kind)
        for name, value in settings.items():
            setattr(node, name, value)
        for name, value in (inputs or {}).items():
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, node.inputs[name])
            else:
                node.inputs[name].default_value = value
        return node

    def noise(self, scale: float, detail: float = 6, vector=None, roughness: float = 0.55):
        inputs = {"Scale": scale, "Detail": detail, "Roughness": roughness}
        if vector is not None:
            inputs["Vector"] = vector
        return self.add("ShaderNodeTexNoise", inputs).outputs["Fac"]

    def ramp(self, value, stops: Sequence[tuple[float, Color]]):
        node = self.add("ShaderNodeValToRGB", {"Fac": value})
        elements = node.color_ramp.elements
        while len(elements) < len(stops):
            elements.new(0.5)
        for element, (position, color) in zip(elements, stops, strict=True):
            element.position, element.color = position, (*color, 1)
        return node.outputs["Color"]

    def math(self, operation: str, a, b=0.0, clamp: bool = False):
        node = self.add("ShaderNodeMath", {0: a, 1: b}, operation=operation, use_clamp=clamp)
        return node.outputs[0]


def scaled(color: Color, factor: float) -> Color:
    return (color[0] * factor, color[1] * factor, color[2] * factor)


def material(
    name: str,
    color: Color,
    variation: float = 0.25,
    grain: float = 3.0,
    roughness: float = 0.8,
    bump: float = 0.3,
    translucent: float = 0.0,
    per_object: float = 0.0,
) -> bpy.types.Material:
    """A surface whose color varies by noise of `grain` per meter, and by object."""
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    nodes = Nodes(made.node_tree)
    place = nodes.add("ShaderNodeTexCoord").outputs["Object"]
    noise = nodes.noise(grain, vector=place)
    color_out = nodes.ramp(
        noise, [(0.3, scaled(color, 1 - variation)), (0.7, scaled(color, 1 + variation))]
    )
    if per_object:
        random = nodes.add("ShaderNodeObjectInfo").outputs["Random"]
        value = nodes.math("ADD", nodes.math("MULTIPLY", random, 2 * per_object), 1 - per_object)
        hue = nodes.math("ADD", nodes.math("MULTIPLY", random, 0.05), 0.475)
        color_out = nodes.add(
            "ShaderNodeHueSaturation", {"Color": color_out, "Value": value, "Hue": hue}
        ).outputs[0]
    inputs: dict[str | int, object] = {"Base Color": color_out, "Roughness": roughness}
    if bump:
        fine = nodes.noise(grain * 4, vector=place)
        inputs["Normal"] = nodes.add(
            "ShaderNodeBump", {"Height": fine, "Strength": bump, "Distance": 0.05}
        ).outputs[0]
    shader = nodes.add("ShaderNodeBsdfPrincipled", inputs).outputs[0]
    if translucent:
        through = nodes.add("ShaderNodeBsdfTranslucent", {"Color": color_out}).outputs[0]
        shader = nodes.add("ShaderNodeMixShader", {0: translucent, 1: shader, 2: through}).outputs[
            0
        ]
    nodes.add("ShaderNodeOutputMaterial", {"Surface": shader})
    return made


def tiles(color: Color) -> bpy.types.Material:
    """Rows of roof tiles, by height."""
    made = bpy.data.materials.new("tiles")
    made.use_nodes = True
    nodes = Nodes(made.node_tree)
    place = nodes.add("ShaderNodeTexCoord").outputs["Object"]
    flecks = nodes.noise(5, vector=place)
    color_out = nodes.ramp(
        flecks, [(0.25, scaled(color, 0.55)), (0.5, color), (0.8, scaled(color, 1.5))]
    )
    random = nodes.add("ShaderNodeObjectInfo").outputs["Random"]
    value = nodes.math("ADD", nodes.math("MULTIPLY", random, 0.5), 0.75)
    color_out = nodes.add("ShaderNodeHueSaturation", {"Color": color_out, "Value": value}).outputs[
        0
    ]
    rows = nodes.add(
        "ShaderNodeTexWave",
        {"Vector": place, "Scale": 1.6},
        bands_direction="Z",
        wave_profile="SAW",
    ).outputs["Fac"]
    normal = nodes.add("ShaderNodeBump", {"Height": rows, "Strength": 0.7, "Distance": 0.06})
    shader = nodes.add(
        "ShaderNodeBsdfPrincipled",
        {"Base Color": color_out, "Roughness": 0.75, "Normal": normal.outputs[0]},
    )
    nodes.add("ShaderNodeOutputMaterial", {"Surface": shader.outputs[0]})
    return made


def stone(color: Color, size: float) -> bpy.types.Material:
    """Blocks of masonry."""
    made = bpy.data.materials.new("stone")
    made.use_nodes = True
    nodes = Nodes(made.node_tree)
    place = nodes.add("ShaderNodeTexCoord").outputs["Object"]
    # Walls stand along x or along y; z is up in both.
    axes = nodes.add("ShaderNodeSeparateXYZ", {0: place}).outputs
    upright = nodes.add(
        "ShaderNodeCombineXYZ", {"X": nodes.math("ADD", axes["X"], axes["Y"]), "Y": axes["Z"]}
    ).outputs[0]
    bricks = nodes.add(
        "ShaderNodeTexBrick",
        {
            "Vector": upright,
            "Scale": 1 / size,
            "Color1": (*scaled(color, 0.75), 1),
            "Color2": (*scaled(color, 1.2), 1),
            "Mortar": (*scaled(color, 0.5), 1),
            "Mortar Size": 0.02,
        },
    )
    dirt = nodes.ramp(nodes.noise(0.6, vector=place), [(0.3, (0.55, 0.55, 0.5)), (0.7, (1, 1, 1))])
    color_out = nodes.add(
        "ShaderNodeMixRGB",
        {"Fac": 1, "Color1": bricks.outputs["Color"], "Color2": dirt},
        blend_type="MULTIPLY",
    ).outputs[0]
    normal = nodes.add(
        "ShaderNodeBump",
        {"Height": nodes.math("SUBTRACT", 1, bricks.outputs["Fac"]), "Distance": 0.04},
    )
    shader = nodes.add(
        "ShaderNodeBsdfPrincipled",
        {"Base Color": color_out, "Roughness": 0.9, "Normal": normal.outputs[0]},
    )
    nodes.add("ShaderNodeOutputMaterial", {"Surface": shader.outputs[0]})
    return made


def meadow() -> bpy.types.Material:
    made = bpy.data.materials.new("meadow")
    made.use_nodes = True
    nodes = Nodes(made.node_tree)
    place = nodes.add("ShaderNodeTexCoord").outputs["Object"]
    large = nodes.noise(0.03, 4, place)
    color = nodes.ramp(
        large,
        [(0.35, (0.035, 0.075, 0.018)), (0.5, (0.09, 0.13, 0.03)), (0.62, (0.22, 0.19, 0.06))],
    )
    fine = nodes.ramp(nodes.noise(1.5, 8, place), [(0.3, (0.6, 0.6, 0.6)), (0.7, (1.3, 1.3, 1.3))])
    color = nodes.add(
        "ShaderNodeMixRGB", {"Fac": 1, "Color1": color, "Color2": fine}, blend_type="MULTIPLY"
    ).outputs[0]
    normal = nodes.add("ShaderNodeBump", {"Height": nodes.noise(3, 8, place), "Distance": 0.3})
    shader = nodes.add(
        "ShaderNodeBsdfPrincipled",
        {"Base Color": color, "Roughness": 0.95, "Normal": normal.outputs[0]},
    )
    nodes.add("ShaderNodeOutputMaterial", {"Surface": shader.outputs[0]})
    return made


def water() -> bpy.types.Material:
    made = bpy.data.materials.new("water")
    made.use_nodes = True
    nodes = Nodes(made.node_tree)
    place = nodes.add("ShaderNodeTexCoord").outputs["Object"]
    stretched = nodes.add("ShaderNodeMapping", {"Vector": place, "Scale": (1.0, 0.55, 1)}).outputs[
        0
    ]
    waves = nodes.add(
        "ShaderNodeMath",
        {
            0: nodes.noise(0.35, 3, stretched),
            1: nodes.math("MULTIPLY", nodes.noise(2.0, 4, stretched), 0.25),
        },
        operation="ADD",
    ).outputs[0]
    normal = nodes.add("ShaderNodeBump", {"Height": waves, "Strength": 0.55, "Distance": 0.22})
    shader = nodes.add(
        "ShaderNodeBsdfPrincipled",
        {
            "Base Color": (0.012, 0.035, 0.035, 1),
            "Roughness": 0.04,
            "IOR": 1.33,
            "Normal": normal.outputs[0],
        },
    )
    nodes.add("ShaderNodeOutputMaterial", {"Surface": shader.outputs[0]})
    return made


def glow(name: str, color: Color, strength: float) -> bpy.types.Material:
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    nodes = Nodes(made.node_tree)
    shader = nodes.add("ShaderNodeEmission", {"Color": (*color, 1), "Strength": strength})
    nodes.add("ShaderNodeOutputMaterial", {"Surface": shader.outputs[0]})
    return made


# Meshes


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
        for lower, upper in zip(circles, circles[1:], strict=False):
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


# The land


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


# Buildings


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


# Plants


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
    for y in np.arange(-8, 180, 15):
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


# Boats, people, birds


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


# Sky, camera, light


def sky() -> None:
    """The daylight of Nishita's model, with layers of clouds that are noise."""
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    world.use_nodes = True
    nodes = Nodes(world.node_tree)
    elevation, turn = SUN
    daylight = nodes.add(
        "ShaderNodeTexSky",
        sky_type="NISHITA",
        sun_elevation=elevation,
        sun_rotation=turn,
        sun_disc=False,
        altitude=100,
        air_density=1.1,
        dust_density=1.2,
        ozone_density=2.0,
    ).outputs[0]
    view = nodes.add("ShaderNodeTexCoord").outputs["Generated"]
    split = nodes.add("ShaderNodeSeparateXYZ", {0: view})
    up = nodes.math("MAXIMUM", split.outputs["Z"], 0.02)
    # Where the line of sight meets a layer of clouds one unit up.
    lift = nodes.math("ADD", up, 0.13)
    at = nodes.add(
        "ShaderNodeCombineXYZ",
        {
            "X": nodes.math("DIVIDE", split.outputs["X"], lift),
            "Y": nodes.math("DIVIDE", split.outputs["Y"], lift),
            "Z": 3.7,
        },
    ).outputs[0]

    def cover(shift: Point):
        moved = nodes.add("ShaderNodeMapping", {"Vector": at, "Location": shift}).outputs[0]
        warp = nodes.add(
            "ShaderNodeMixRGB",
            {
                "Fac": 0.10,
                "Color1": moved,
                "Color2": nodes.add(
                    "ShaderNodeTexNoise", {"Vector": moved, "Scale": 1.3, "Detail": 4.0}
                ).outputs["Color"],
            },
        ).outputs[0]
        heaps = nodes.noise(0.95, 9, warp, 0.56)
        return nodes.add(
            "ShaderNodeMapRange", {"Value": heaps, "From Min": 0.45, "From Max": 0.60}
        ).outputs[0]

    here = cover((0, 0, 0))
    sunward = cover((math.sin(turn) * 0.10, math.cos(turn) * 0.10, 0.03))
    thick = nodes.math(
        "MULTIPLY", sunward, nodes.math("ADD", nodes.math("MULTIPLY", here, 0.6), 0.4)
    )
    shade = nodes.ramp(
        thick, [(0.0, (1.0, 0.93, 0.82)), (0.45, (0.70, 0.68, 0.70)), (1.0, (0.30, 0.33, 0.42))]
    )
    bright = nodes.add(
        "ShaderNodeMixRGB",
        {"Fac": 1, "Color1": shade, "Color2": (3.9, 3.8, 3.7, 1)},
        blend_type="MULTIPLY",
    ).outputs[0]
    horizon = nodes.add(
        "ShaderNodeMapRange", {"Value": split.outputs["Z"], "From Min": 0.0, "From Max": 0.10}
    ).outputs[0]
    amount = nodes.math("MULTIPLY", nodes.math("MULTIPLY", here, horizon), 0.95, clamp=True)
    mixed = nodes.add(
        "ShaderNodeMixRGB", {"Fac": amount, "Color1": daylight, "Color2": bright}
    ).outputs[0]
    shown = nodes.add("ShaderNodeBackground", {"Color": mixed, "Strength": 0.24}).outputs[0]
    nodes.add("ShaderNodeOutputWorld", {"Surface": shown})

    lamp = bpy.data.lights.new("sun", "SUN")
    lamp.energy, lamp.angle, lamp.color = 4.6, math.radians(0.6), (1.0, 0.80, 0.58)
    thing = bpy.data.objects.new("sun", lamp)
    # A sun lamp shines along its own -Z.
    thing.rotation_euler = (math.pi / 2 - elevation, 0, math.pi - turn)
    bpy.context.scene.collection.objects.link(thing)


def haze() -> None:
    """Air that takes color from far hills."""
    scene = bpy.context.scene
    scene.view_layers[0].use_pass_mist = True
    scene.world.mist_settings.start, scene.world.mist_settings.depth = 120, 1400
    scene.use_nodes = True
    nodes = Nodes(scene.node_tree)
    layers = nodes.add("CompositorNodeRLayers")
    amount = nodes.add(
        "CompositorNodeMath", {0: layers.outputs["Mist"], 1: 0.5}, operation="MULTIPLY"
    )
    # Not over the sky, which has its own.
    land = nodes.add(
        "CompositorNodeMath", {0: layers.outputs["Mist"], 1: 0.995}, operation="LESS_THAN"
    )
    fac = nodes.add(
        "CompositorNodeMath", {0: amount.outputs[0], 1: land.outputs[0]}, operation="MULTIPLY"
    )
    mixed = nodes.add(
        "CompositorNodeMixRGB",
        {0: fac.outputs[0], 1: layers.outputs["Image"], 2: (0.62, 0.70, 0.82, 1)},
    )
    vivid = nodes.add("CompositorNodeHueSat", {"Image": mixed.outputs[0], "Saturation": 1.25})
    nodes.add("CompositorNodeComposite", {0: vivid.outputs[0]})


def camera() -> None:
    eye = bpy.data.cameras.new("camera")
    eye.lens, eye.shift_y, eye.clip_end = 30, 0.075, 4000
    thing = bpy.data.objects.new("camera", eye)
    thing.location = CAMERA
    thing.rotation_euler = (math.radians(89), 0, math.radians(5))
    bpy.context.scene.collection.objects.link(thing)
    bpy.context.scene.camera = thing


def render(output: Path, width: int, samples: int, threads: int) -> None:
    """Build the scene and write the picture, a PNG (width, 2/3 width)."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    rng = np.random.default_rng(7)
    land()
    town(rng)
    bridge(60.0)
    plants(rng)
    boats()
    birds(rng)
    sky()
    camera()
    haze()
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples = samples
    scene.cycles.use_denoising = True
    scene.cycles.max_bounces = 6
    scene.cycles.seed = 7
    scene.render.resolution_x, scene.render.resolution_y = width, width * 2 // 3
    if threads:
        scene.render.threads_mode, scene.render.threads = "FIXED", threads
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - High Contrast"
    scene.view_settings.exposure = -0.1
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = str(output.resolve())
    bpy.ops.render.render(write_still=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Render a town at a river.")
    parser.add_argument("output", type=Path, help="a PNG file")
    parser.add_argument("--width", type=int, default=1600)
    parser.add_argument("--samples", type=int, default=160)
    parser.add_argument("--threads", type=int, default=0, help="0: all")
    options = parser.parse_args()
    if bpy is None:
        parser.error('Blender as a package is missing: pip install "bpy==4.5.*" (Python 3.11)')
    render(options.output, options.width, options.samples, options.threads)


if __name__ == "__main__":
    main()
