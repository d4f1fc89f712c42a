"""The style image and the base style of a run: read, checked and hashed."""

from __future__ import annotations

import hashlib

from PIL import Image

from faststyle.checkpoints.catalog import find_style
from faststyle.config.style_image import style_image_path
from faststyle.config.train import TrainConfig
from faststyle.errors import UserError
from faststyle.images.read import load_image
from faststyle.images.tensors import resize_long_edge


def base_style(config: TrainConfig) -> dict[str, str]:
    """Which weights the run starts from: a file's name and contents, or none."""
    if config.init_from is None:
        return {}
    base = find_style(config.init_from)
    return {
        "init_from": base.name,
        "init_from_sha256": hashlib.sha256(base.read_bytes()).hexdigest(),
    }


def load_style_image(config: TrainConfig) -> Image.Image:
    """The style's picture at `style.size`: the one given, or else the style's swatch."""
    picture = style_image_path(config.style)
    try:
        return resize_long_edge(load_image(picture), config.style.size)
    except UserError as error:
        raise UserError(f"style.image: {error}; give a picture file") from error
