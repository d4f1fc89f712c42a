"""Render the photo-like picture that the README stylizes: a town at a river, by path tracing.

    pip install "bpy==4.5.*"
    python -m scripts.gallery.town town.png

Everything in it is built here from numbers and one seed: no photo, texture, model or painting is
used. `bpy` is Blender as a package; a picture of 1,600 pixels takes it some minutes on a CPU.
"""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path


def render(output: Path, width: int, samples: int, threads: int) -> None:
    """Build the scene and write the picture, a PNG (width, 2/3 width)."""
    import bpy  # pyright: ignore[reportMissingImports]
    import numpy as np

    from scripts.town.boats import birds, boats
    from scripts.town.buildings import bridge, town
    from scripts.town.land import land
    from scripts.town.plants import plants
    from scripts.town.sky import camera, haze, sky

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
    if find_spec("bpy") is None:
        parser.error('Blender as a package is missing: pip install "bpy==4.5.*" (Python 3.11)')
    render(options.output, options.width, options.samples, options.threads)


if __name__ == "__main__":
    main()
