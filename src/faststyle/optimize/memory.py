"""Estimate the memory that optimizing pixels takes, and the size that fits."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch

from faststyle.errors import UserError
from faststyle.losses.loss_network import LossNetwork

# Peak over the sum of all layers' outputs. Measured on VGG-19: 1.4 at 256 pixels, 1.1 at 512.
ACTIVATION_FACTOR = 1.4
NUM_WORK_PICTURES = 12  # vectors that the optimizer and the line search hold beside the history
# Peak over input and output of the layer at work. Measured on VGG-19 at 768 and 1024 pixels, with
# the work space of the fastest convolutions.
WORK_FACTOR = 3.3
PROBE = 64  # pixels a side


def peak_bytes(loss_network: LossNetwork, height: int, width: int, history: int) -> int:
    """Estimate the peak of optimizing a picture, beyond the loss network's weights.

    Args:
        height, width: of the picture, pixels.
        history: iterations that L-BFGS remembers; 0 for Adam.
    """
    activations = sum(_layer_outputs(loss_network).values())
    floats = ACTIVATION_FACTOR * activations + 3 * (2 * history + NUM_WORK_PICTURES)
    return round(4 * floats * height * width)


def style_bytes(loss_network: LossNetwork, layers: Iterable[str], height: int, width: int) -> int:
    """Estimate the peak of the Gram matrices of a style image: a forward pass without gradients.

    It holds the outputs of `layers` so far, and what the layer at work takes.
    """
    outputs = _layer_outputs(loss_network)
    wanted = set(layers)
    kept = peak = 0.0
    before = 3.0
    for name, after in outputs.items():
        peak = max(peak, kept + WORK_FACTOR * (before + after))
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


def _layer_outputs(loss_network: LossNetwork) -> dict[str, float]:
    """Numbers that each layer gives for a pixel of the picture."""
    x = torch.zeros(1, 3, PROBE, PROBE, device=loss_network.mean.device)
    outputs = {}
    with torch.no_grad():
        for name, layer in loss_network.layers.items():
            x = layer(x)
            outputs[name] = x.numel() / PROBE**2
    return outputs
