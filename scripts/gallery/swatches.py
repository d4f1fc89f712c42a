"""Make the swatches: for each style a texture with the Gram matrices of its painting.

    python -m scripts.gallery.swatches --style-images DIR --loss-network-weights vgg19.pth

It runs `faststyle.optimize` without content (Gatys et al. 2015) for each style in conf/style whose
DIR/<name>.jpg exists. Existing swatches are kept. A style takes about two minutes on one core.
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
MAX_BYTES = 200_000
# Long edge and L-BFGS iterations of each scale. Coarse scales are cheap and form the large shapes;
# optimize's multiscale=true would run the same number at each.
SCALES = ((128, 120), (256, 60), (512, 20))


def synthesize(style_image: Path, loss_network_weights: Path, folder: Path) -> Image.Image:
    """Return a texture with a long edge of 512 pixels; `folder` is for intermediate files."""
    init = "noise"
    for size, steps in SCALES:
        output = folder / f"{style_image.stem}_{size}.png"
        overrides = {
            "style.image": style_image,
            "loss_network.weights": loss_network_weights,
            "content": "none",
            "init": init,
            "size": size,  # style.size follows it
            "steps": steps,
            "output": output,
            "device": "cpu",
        }
        with hydra.initialize_config_dir(str(CONF_DIR), version_base="1.3"):
            settings = hydra.compose("optimize", [f"{k}={v}" for k, v in overrides.items()])
        # Twice as fast, with no visible difference.
        with torch.autocast("cpu", torch.bfloat16):
            optimize(parse_as(OptimizeConfig, settings))
        init = str(output)
    return load_image(init)


def as_jpeg(swatch: Image.Image) -> bytes:
    """Encode at the best quality that fits into MAX_BYTES, with color at full resolution.

    Raises:
        ValueError: no quality does.
    """
    for quality in range(95, 50, -1):
        buffer = io.BytesIO()
        swatch.save(buffer, "JPEG", quality=quality, subsampling="4:4:4", optimize=True)
        if buffer.tell() <= MAX_BYTES:
            return buffer.getvalue()
    raise ValueError(f"no JPEG quality gives at most {MAX_BYTES} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the swatches that ship in the wheel.")
    parser.add_argument("--style-images", required=True, type=Path, metavar="DIR")
    parser.add_argument(
        "--loss-network-weights", required=True, type=Path, metavar="FILE", help="VGG-19's"
    )
    options = parser.parse_args()
    SWATCHES.mkdir(parents=True, exist_ok=True)
    for config in sorted((CONF_DIR / "style").glob("*.yaml")):
        style_image = (options.style_images / f"{config.stem}.jpg").resolve()
        path = SWATCHES / style_image.name
        if path.exists() or not style_image.is_file():
            continue
        with tempfile.TemporaryDirectory() as folder:
            weights = options.loss_network_weights.resolve()
            jpeg = as_jpeg(synthesize(style_image, weights, Path(folder)))
        with atomic_write(path) as partial:
            partial.write_bytes(jpeg)
        print(f"{path}: {len(jpeg)} bytes")


if __name__ == "__main__":
    main()
