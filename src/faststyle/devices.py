"""Which device there is, and how much memory it has."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import torch

from faststyle.errors import UserError


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


def memory_budget(device: torch.device) -> float:
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


def choose_device(name: str) -> torch.device:
    """A device that is there.

    Raises:
        UserError: no device of that name, or not on this machine.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()  # "meta" gives tensors, but nothing comes back
    # Missing back ends raise AssertionError, RuntimeError or NotImplementedError.
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"device: cannot use {name!r} ({reason}); use auto or cpu") from error
    return device


def device_name(device: torch.device) -> str:
    """Which machine a time belongs to."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type}, {platform.machine()}, {torch.get_num_threads()} threads"
