"""Make the swatches: for each style a picture of its own with the painting's Gram matrices.

    python -m scripts.gallery.swatches --paintings DIR --loss-weights vgg19.pth

It runs `faststyle.optimize` without a photo (Gatys et al. 2015) for every style in conf/style
that has a painting DIR/<name>.jpg. Swatches that are there already are kept. Takes about two
minutes a style on one core.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from pathlib import Path

import hydra
import torch
from PIL import Image

from faststyle.config.optimize import OptimizeConfig
from faststyle.config.parsing import parse_as
from faststyle.files.atomic import atomic_write
from faststyle.files.paths import CONF_DIR
from faststyle.images.read import load_image
from faststyle.optimize.command import optimize

SWATCHES = Path(__file__).resolve().parents[2] / "src" / "faststyle" / "assets" / "styles"
MOST_BYTES = 200_000
# Long edge and L-BFGS iterations of each scale. Coarse ones are cheap and settle the large shapes;
# optimize's multiscale=true would give each scale as many.
SCALES = ((128, 120), (256, 60), (512, 20))


def synthesise(painting: Path, loss_weights: Path, folder: Path) -> Image.Image:
    """A texture with a long edge of 512 pixels, its strokes as on the painting at that size."""
    init = "noise"
    for size, steps in SCALES:
        output = folder / f"{painting.stem}_{size}.png"
        overrides = {
            "style.image": painting,
            "loss_network.weights": loss_weights,
            "content": "none",
            "init": init,
            "size": size,  # style.size follows it
            "steps": steps,
            "output": output,
            "device": "cpu",
        }
        with hydra.initialize_config_dir(str(CONF_DIR), version_base="1.3"):
            settings = hydra.compose("optimize", [f"{k}={v}" for k, v in overrides.items()])
        # Twice as fast, and as good to look at.
        with torch.autocast("cpu", torch.bfloat16):
            optimize(parse_as(OptimizeConfig, settings))
        init = str(output)
    return load_image(init)


def as_jpeg(swatch: Image.Image) -> bytes:
    """The best quality that fits into MOST_BYTES; colours at full resolution, as in the strokes."""
    for quality in range(95, 50, -1):
        buffer = io.BytesIO()
        swatch.save(buffer, "JPEG", quality=quality, subsampling="4:4:4", optimize=True)
        if buffer.tell() <= MOST_BYTES:
            return buffer.getvalue()
    raise ValueError(f"no quality brings it below {MOST_BYTES} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the style pictures that ship in the wheel.")
    parser.add_argument("--paintings", required=True, type=Path, metavar="DIR")
    parser.add_argument("--loss-weights", required=True, type=Path, metavar="FILE", help="VGG-19's")
    options = parser.parse_args()
    SWATCHES.mkdir(parents=True, exist_ok=True)
    for config in sorted((CONF_DIR / "style").glob("*.yaml")):
        painting = (options.paintings / f"{config.stem}.jpg").resolve()
        path = SWATCHES / painting.name
        if path.exists() or not painting.is_file():
            continue
        with tempfile.TemporaryDirectory() as folder:
            jpeg = as_jpeg(synthesise(painting, options.loss_weights.resolve(), Path(folder)))
        with atomic_write(path) as partial:
            partial.write_bytes(jpeg)
        print(f"{path}: {len(jpeg)} bytes")


if __name__ == "__main__":
    main()
