"""How much memory there is; how much optimising pixels takes, and the size that fits."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

import torch

from faststyle.errors import UserError
from faststyle.losses.loss_network import LossNetwork

# Peak over the sum of all layers' outputs. Measured on VGG-19: 1.4 at 256 pixels, 1.1 at 512.
ACTIVATION_FACTOR = 1.4
NUM_WORK_PICTURES = 12  # vectors that the optimizer and the line search hold beside the history
PROBE = 64  # pixels a side


def peak_bytes(loss_network: LossNetwork, height: int, width: int, history: int) -> int:
    """Estimated peak of optimising a picture, beyond the loss network's weights."""
    device = loss_network.mean.device
    activations = 0
    x = torch.zeros(1, 3, PROBE, PROBE, device=device)
    with torch.no_grad():
        for layer in loss_network.layers.values():
            x = layer(x)
            activations += x.numel()
    floats = ACTIVATION_FACTOR * activations / PROBE**2 + 3 * (2 * history + NUM_WORK_PICTURES)
    return round(4 * floats * height * width)


def available_bytes(device: torch.device) -> int:
    """Memory that can still be had on the device."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    try:
        # Unlike sysconf's free pages, this counts the file cache, which gives way.
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        found = None
    if found:
        return 1024 * int(found[1])
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def painting_budget(device: torch.device) -> float:
    """Bytes that painting may take by default.

    On a CPU half of the machine's memory (or of the container's), so that the way a picture is
    painted does not hang on what else is running; less only where less is free.
    """
    if device.type != "cpu":
        return 0.8 * available_bytes(device)
    half = _total_bytes() / 2
    return half if available_bytes(device) > half else 0.8 * available_bytes(device)


def _total_bytes() -> int:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return total
    return min(total, int(limit)) if limit.isdigit() else total


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
