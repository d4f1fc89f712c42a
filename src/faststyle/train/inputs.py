"""The style image and the base style of a run: each opened, checked and hashed once."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from faststyle.checkpoints.catalog import find_style
from faststyle.checkpoints.style_checkpoint import StyleCheckpoint, read_checkpoint
from faststyle.config.style_image import style_image_path
from faststyle.config.train import NetworkConfig, StyleConfig
from faststyle.errors import UserError
from faststyle.files.atomic import sha256_of
from faststyle.images.read import load_image
from faststyle.images.tensors import resize_long_edge


@dataclass(frozen=True)
class StyleImage:
    """The picture that a style is learned from.

    Args:
        path: its file.
        image: RGB, its long edge scaled to `style.size`.
        sha256: of the file.
    """

    path: Path
    image: Image.Image
    sha256: str


@dataclass(frozen=True)
class BaseStyle:
    """The style checkpoint whose weights a run starts from.

    Args:
        file: its name, without folders.
        checkpoint: what it holds.
        sha256: of the file.
    """

    file: str
    checkpoint: StyleCheckpoint
    sha256: str


def read_style_image(style: StyleConfig) -> StyleImage:
    """Read `style.image`, or the swatch of `style.name` where none is given.

    Raises:
        UserError: there is no such file, or it cannot be read.
    """
    path = style_image_path(style)
    try:
        image = resize_long_edge(load_image(path), style.size)
    except UserError as error:
        raise UserError(f"style.image: {error}; give a picture file") from error
    return StyleImage(path, image, sha256_of(path))


def read_base_style(init_from: str | None, network: NetworkConfig) -> BaseStyle | None:
    """Read the style that `init_from` names; None where a run starts from nothing.

    Raises:
        UserError: there is no such style, or its network has other arguments than `network`.
    """
    if init_from is None:
        return None
    path = find_style(init_from)
    checkpoint = read_checkpoint(path)
    wanted = dataclasses.asdict(network)
    if checkpoint.metadata["network"] != wanted:
        raise UserError(
            f"init_from: {init_from} is a network {checkpoint.metadata['network']}, this run's is "
            f"{wanted}; use the same network settings"
        )
    return BaseStyle(path.name, checkpoint, sha256_of(path))
