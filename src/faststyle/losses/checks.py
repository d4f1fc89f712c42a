"""Check pictures before a loss network sees them: sizes that it can process, style to learn."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import nn

from faststyle.errors import UserError, check_choice
from faststyle.losses.architectures import ARCHITECTURES, FrozenConv2d, Pool

if TYPE_CHECKING:
    from PIL import Image

FLAT = 2  # levels of 255 between darkest and lightest: the traces that JPEG leaves in a flat color


def smallest_side(network: str, layers: Iterable[str]) -> int:
    """Pixels that each side of a picture needs so that every layer still has a position.

    Args:
        network: a key of ARCHITECTURES.
        layers: names of its layers.

    Raises:
        UserError: unknown network or layer.
    """
    check_choice("loss_network", network, ARCHITECTURES)
    modules = _modules(network)
    for layer in layers:
        check_choice(f"layer of {network}", layer, modules)
    names = list(modules)
    path = [modules[name] for name in names[: 1 + max(map(names.index, layers))]]
    side = 1
    while _positions(path, side) < 1:
        side += 1
    return side


def check_large_enough(
    key: str, size: tuple[int, int], network: str, layers: Iterable[str], advice: str
) -> None:
    """Refuse a picture with a side on which the deepest layer has no position.

    Args:
        key: the setting or option that the message names.
        size: width and height of the picture as the loss network gets it.
        network: a key of ARCHITECTURES.
        layers: names of its layers that are used.
        advice: ends the message, such as "give a larger style.size".

    Raises:
        UserError: too small, or unknown network or layer.
    """
    needed = smallest_side(network, list(layers))
    if min(size) < needed:
        raise UserError(
            f"{key}: the picture is {size[0]} x {size[1]} pixels when {network} looks at it, "
            f"its layers need {needed} on each side; {advice}"
        )


def check_style_image(key: str, style_image: Image.Image) -> None:
    """Refuse a style image of one color, or a transparent one, which was read as white.

    Args:
        key: the setting or option that the message names.
        style_image: RGB, at any size.

    Raises:
        UserError: no channel has more than FLAT levels.
    """
    bands = [band.getextrema() for band in style_image.split()]
    if all(high - low <= FLAT for low, high in bands):  # type: ignore[operator]
        raise UserError(
            f"{key}: the picture has one color, RGB {', '.join(str(low) for low, _ in bands)} "
            "(transparent parts count as white): there is no style to learn; "
            "give another picture"
        )


@cache
def _modules(network: str) -> dict[str, nn.Module]:
    """The network's layers without weights, and so without their memory."""
    with torch.device("meta"):
        return ARCHITECTURES[network]("max")


def _positions(path: Iterable[nn.Module], side: int) -> int:
    """Positions along a side of `side` pixels after all modules; at most 0 if one has no output."""
    for module in path:
        if isinstance(module, FrozenConv2d):
            size, stride, padding = module.weight.shape[-1], module.stride, module.padding
            side = (side + 2 * padding - size) // stride + 1
        elif isinstance(module, Pool):
            steps = side - module.size
            side = (-(-steps // 2) if module.ceil_mode else steps // 2) + 1
        # What else there is, ReLU and Fire, keeps the size.
        if side < 1:
            return 0
    return side
