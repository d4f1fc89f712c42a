"""The style image and the base style of a run: each is opened, checked and hashed once."""

from __future__ import annotations

import dataclasses
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image

from faststyle.checkpoints.catalog import find_style
from faststyle.checkpoints.style_checkpoint import StyleCheckpoint, read_checkpoint
from faststyle.config.style_image import style_image_path
from faststyle.config.train import MAX_SIDE, NetworkConfig, TrainConfig
from faststyle.devices import available_bytes
from faststyle.errors import UserError
from faststyle.files.atomic import sha256_of
from faststyle.images.read import load_image
from faststyle.images.tensors import long_edge_to, resize_long_edge
from faststyle.losses.checks import check_large_enough, check_style_image, smallest_side
from faststyle.losses.memory import check_fits, style_bytes
from faststyle.train.distributed import is_main_process


@dataclass(frozen=True)
class StyleImage:
    """The image that a style is learned from.

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
        name: as `init_from` gives it.
        file: its name, without folders.
        checkpoint: what it holds.
        sha256: of the file.
    """

    name: str
    file: str
    checkpoint: StyleCheckpoint
    sha256: str


def read_style_image(config: TrainConfig) -> StyleImage:
    """Read `style.image`, or the swatch of `style.name` where none is given.

    Raises:
        UserError: there is no such file, it cannot be read, it has nothing to learn, or it is too
            thin for the loss network or too large for the memory.
    """
    style = config.style
    path = style_image_path(style)
    try:
        image = load_image(path, show=_show_note)
    except UserError as error:
        raise UserError(f"style.image: {error}; give a picture file") from error
    check_style_image(f"style.image: {path}", image)
    _check_size(config, image.size)
    return StyleImage(path, resize_long_edge(image, style.size), sha256_of(path))


def _check_size(config: TrainConfig, size: tuple[int, int]) -> None:
    """Refuse a `style.size` that is too small for the loss network or too large for the memory."""
    network, layers, edge = config.loss_network.name, config.loss.style_layers, config.style.size
    needed_edge = math.ceil(smallest_side(network, layers) * max(size) / min(size))
    advice = f"style.size={needed_edge} takes it larger" if needed_edge <= MAX_SIDE else "crop it"
    width, height = long_edge_to(size, edge)
    check_large_enough("style.image", (width, height), network, layers, advice)
    # Its Gram matrices are computed before the networks move to the device that trains.
    needed = style_bytes(network, layers, height, width)
    check_fits("style.size", needed, available_bytes(torch.device("cpu")), edge)


def _show_note(note: str) -> None:
    if is_main_process():
        print(f"train: {note}", file=sys.stderr)


def check_crops(config: TrainConfig) -> None:
    """Refuse crops of the content photos that are too small for the loss network.

    Raises:
        UserError: `data.image_size` is too small.
    """
    side = config.data.image_size
    layers = [*config.loss.content_layers, *config.loss.style_layers]
    advice = "give a larger data.image_size"
    check_large_enough("data.image_size", (side, side), config.loss_network.name, layers, advice)


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
    return BaseStyle(init_from, path.name, checkpoint, sha256_of(path))
