"""Node trees of Blender, written as nested calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy  # pyright: ignore[reportMissingImports]

Color = tuple[float, float, float]


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
        inputs: dict[str | int, object] = {"Scale": scale, "Detail": detail, "Roughness": roughness}
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


class Surface(Nodes):
    """The node tree of a new material.

    Attributes:
        place: where a point is on its object.
    """

    def __init__(self, name: str):
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        super().__init__(self.material.node_tree)
        self.place = self.add("ShaderNodeTexCoord").outputs["Object"]

    def finish(self, shader: Any) -> bpy.types.Material:
        """Show a shader, and return the material."""
        self.add("ShaderNodeOutputMaterial", {"Surface": shader})
        return self.material
