"""Estimate the memory that a loss network takes for a picture, before any is allocated."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache

import torch

from faststyle.errors import UserError
from faststyle.losses.architectures import ARCHITECTURES

# Peak over input and output of the layer at work. Measured on VGG-19 at 768 and 1024 pixels, with
# the work space of the fastest convolutions. The first layers of the others are too narrow for
# these: 1.5 and 1.6 at 1024 pixels, 1.3 and 1.4 at 2048.
WORK_FACTOR = 3.3
WORK_FACTORS = {"compact": 1.5, "squeezenet": 1.5}
PROBE = 64  # pixels a side


def style_bytes(network: str, layers: Iterable[str], height: int, width: int) -> int:
    """Estimate the peak of the Gram matrices of a style image: a forward pass without gradients.

    It holds the outputs of `layers` so far, and what the layer at work takes.

    Args:
        network: a key of ARCHITECTURES.
        layers: names of its layers.
        height, width: of the style image as the loss network gets it, pixels.
    """
    wanted = set(layers)
    factor = WORK_FACTORS.get(network, WORK_FACTOR)
    kept = peak = 0.0
    before = 3.0
    for name, after in layer_outputs(network).items():
        peak = max(peak, kept + factor * (before + after))
        kept += after if name in wanted else 0
        before = after
        wanted.discard(name)
        if not wanted:
            break
    return round(4 * peak * height * width)


def check_fits(key: str, needed: int, available: int, size: int, advice: str = "") -> None:
    """Refuse a long edge that needs more memory than there is, and name the one that fits.

    Args:
        key: the setting or option that holds the long edge.
        needed: bytes that `size` takes.
        available: bytes that are free.
        size: the long edge, pixels.
        advice: what else takes less, for the end of the message.

    Raises:
        UserError: it does not fit.
    """
    if needed <= available:
        return
    fitting = int(size * math.sqrt(available / needed))  # memory goes with the area
    raise UserError(
        f"{key}: {size} pixels take about {needed / 1e9:.1f} GB, {available / 1e9:.1f} GB are "
        f"free; {key}={fitting} fits{advice}"
    )


@cache
def layer_outputs(network: str) -> dict[str, float]:
    """Numbers that each layer of a network gives for a pixel of the picture."""
    with torch.device("meta"):  # shapes alone, without weights and their memory
        x = torch.zeros(1, 3, PROBE, PROBE)
        outputs: dict[str, float] = {}
        for name, layer in ARCHITECTURES[network]("max").items():
            x = layer(x)
            outputs[name] = x.numel() / PROBE**2
    return outputs
