"""Which device there is, and how much memory it has."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import psutil
import torch

from faststyle.errors import UserError

_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")  # of the container, on Linux


def available_bytes(device: torch.device) -> int:
    """Bytes of memory that can still be had on the device.

    On a CPU this counts the system's file cache, which gives way, and heeds a container's limit
    and that of the process (`ulimit -v`).
    """
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return min(psutil.virtual_memory().available, _total_bytes(), _address_space_left())


def memory_budget(device: torch.device) -> float:
    """Bytes that stylizing a picture may take by default.

    On a CPU this is half of the machine's memory (or of the container's), so that the way a
    picture is stylized does not depend on what else is running; less only where less is free.
    """
    free = available_bytes(device)
    if device.type != "cpu":
        return 0.8 * free
    half = _total_bytes() / 2
    return half if free > half else 0.8 * free


def _total_bytes() -> int:
    total = psutil.virtual_memory().total
    try:
        limit = _CGROUP_LIMIT.read_text().strip()
    except OSError:
        return total
    return min(total, int(limit)) if limit.isdigit() else total


def _address_space_left() -> int:
    """Bytes until `ulimit -v`, with which shared machines limit each process."""
    try:
        import resource
    except ImportError:  # Windows
        return sys.maxsize
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return sys.maxsize
    return max(0, limit - psutil.Process().memory_info().vms)


def choose_device(name: str) -> torch.device:
    """Return the device of that name: "auto" (the best one here), "cpu", "cuda", "cuda:1", "mps".

    Raises:
        UserError: no device of that name, or not on this machine.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()  # nothing comes back from "meta"
    # Missing back ends raise AssertionError, RuntimeError or NotImplementedError.
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"device: cannot use {name!r} ({reason}); use auto or cpu") from error
    return device


def device_name(device: torch.device) -> str:
    """A name of the device to stand beside times that were measured on it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type}, {platform.machine()}, {torch.get_num_threads()} threads"
