"""The sky with its clouds, the sun, the air, and the camera."""

from __future__ import annotations

import math

import bpy  # pyright: ignore[reportMissingImports]

from scripts.town.mesh import Point
from scripts.town.nodes import Nodes

CAMERA = (6.0, -34.0, 5.2)
SUN = (math.radians(27), math.radians(112))  # elevation; azimuth from +y: right, a little behind


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
