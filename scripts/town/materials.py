"""What surfaces are made of."""

from __future__ import annotations

import bpy  # pyright: ignore[reportMissingImports]

from scripts.town.nodes import Color, Surface


def scaled(color: Color, factor: float) -> Color:
    """The color, lighter or darker."""
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
    nodes = Surface(name)
    noise = nodes.noise(grain, vector=nodes.place)
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
        fine = nodes.noise(grain * 4, vector=nodes.place)
        inputs["Normal"] = nodes.add(
            "ShaderNodeBump", {"Height": fine, "Strength": bump, "Distance": 0.05}
        ).outputs[0]
    shader = nodes.add("ShaderNodeBsdfPrincipled", inputs).outputs[0]
    if translucent:
        through = nodes.add("ShaderNodeBsdfTranslucent", {"Color": color_out}).outputs[0]
        mixed = nodes.add("ShaderNodeMixShader", {0: translucent, 1: shader, 2: through})
        shader = mixed.outputs[0]
    return nodes.finish(shader)


def tiles(color: Color) -> bpy.types.Material:
    """Rows of roof tiles, by height."""
    nodes = Surface("tiles")
    flecks = nodes.noise(5, vector=nodes.place)
    color_out = nodes.ramp(
        flecks, [(0.25, scaled(color, 0.55)), (0.5, color), (0.8, scaled(color, 1.5))]
    )
    random = nodes.add("ShaderNodeObjectInfo").outputs["Random"]
    value = nodes.math("ADD", nodes.math("MULTIPLY", random, 0.5), 0.75)
    varied = nodes.add("ShaderNodeHueSaturation", {"Color": color_out, "Value": value})
    color_out = varied.outputs[0]
    rows = nodes.add(
        "ShaderNodeTexWave",
        {"Vector": nodes.place, "Scale": 1.6},
        bands_direction="Z",
        wave_profile="SAW",
    ).outputs["Fac"]
    normal = nodes.add("ShaderNodeBump", {"Height": rows, "Strength": 0.7, "Distance": 0.06})
    shader = nodes.add(
        "ShaderNodeBsdfPrincipled",
        {"Base Color": color_out, "Roughness": 0.75, "Normal": normal.outputs[0]},
    )
    return nodes.finish(shader.outputs[0])


def stone(color: Color, size: float) -> bpy.types.Material:
    """Blocks of masonry."""
    nodes = Surface("stone")
    # Walls stand along x or along y; z is up in both.
    axes = nodes.add("ShaderNodeSeparateXYZ", {0: nodes.place}).outputs
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
    dirt = nodes.ramp(
        nodes.noise(0.6, vector=nodes.place), [(0.3, (0.55, 0.55, 0.5)), (0.7, (1, 1, 1))]
    )
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
    return nodes.finish(shader.outputs[0])


def meadow() -> bpy.types.Material:
    """Grass, here and there dry."""
    nodes = Surface("meadow")
    large = nodes.noise(0.03, 4, nodes.place)
    color = nodes.ramp(
        large,
        [(0.35, (0.035, 0.075, 0.018)), (0.5, (0.09, 0.13, 0.03)), (0.62, (0.22, 0.19, 0.06))],
    )
    fine = nodes.ramp(
        nodes.noise(1.5, 8, nodes.place), [(0.3, (0.6, 0.6, 0.6)), (0.7, (1.3, 1.3, 1.3))]
    )
    color = nodes.add(
        "ShaderNodeMixRGB", {"Fac": 1, "Color1": color, "Color2": fine}, blend_type="MULTIPLY"
    ).outputs[0]
    normal = nodes.add(
        "ShaderNodeBump", {"Height": nodes.noise(3, 8, nodes.place), "Distance": 0.3}
    )
    shader = nodes.add(
        "ShaderNodeBsdfPrincipled",
        {"Base Color": color, "Roughness": 0.95, "Normal": normal.outputs[0]},
    )
    return nodes.finish(shader.outputs[0])


def water() -> bpy.types.Material:
    """Dark water with ripples across the view."""
    nodes = Surface("water")
    stretched = nodes.add(
        "ShaderNodeMapping", {"Vector": nodes.place, "Scale": (1.0, 0.55, 1)}
    ).outputs[0]
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
    return nodes.finish(shader.outputs[0])


def glow(name: str, color: Color, strength: float) -> bpy.types.Material:
    """A surface that shines by itself."""
    nodes = Surface(name)
    shader = nodes.add("ShaderNodeEmission", {"Color": (*color, 1), "Strength": strength})
    return nodes.finish(shader.outputs[0])
