"""How much memory there is; how much optimizing pixels takes, and the size that fits."""

from __future__ import annotations

import math

import torch

from faststyle.errors import UserError
from faststyle.losses.loss_network import LossNetwork

# Peak over the sum of all layers' outputs. Measured on VGG-19: 1.4 at 256 pixels, 1.1 at 512.
ACTIVATION_FACTOR = 1.4
NUM_WORK_PICTURES = 12  # vectors that the optimizer and the line search hold beside the history
PROBE = 64  # pixels a side


def peak_bytes(loss_network: LossNetwork, height: int, width: int, history: int) -> int:
    """Estimated peak of optimizing a picture, beyond the loss network's weights."""
    device = loss_network.mean.device
    activations = 0
    x = torch.zeros(1, 3, PROBE, PROBE, device=device)
    with torch.no_grad():
        for layer in loss_network.layers.values():
            x = layer(x)
            activations += x.numel()
    floats = ACTIVATION_FACTOR * activations / PROBE**2 + 3 * (2 * history + NUM_WORK_PICTURES)
    return round(4 * floats * height * width)


def check_fits(needed: int, available: int, size: int) -> None:
    """Refuse a long edge of `size` that needs more than there is, naming the one that fits.

    Raises:
        UserError: it does not fit.
    """
    if needed <= available:
        return
    fitting = int(size * math.sqrt(available / needed))  # memory goes with the area
    raise UserError(
        f"size: {size} pixels take about {needed / 1e9:.1f} GB, {available / 1e9:.1f} GB are "
        f"free; size={fitting} fits (a smaller history, or optimizer=adam, takes less)"
    )
