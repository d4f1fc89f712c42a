"""The machine a benchmark runs on: description, arithmetic rate, memory, counted arithmetic."""

from __future__ import annotations

import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from faststyle.networks.fast_conv import plain


def describe_machine(device: torch.device) -> dict[str, Any]:
    """Return date, device, threads, versions and commit."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
    ).stdout.strip()
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else _cpu_name(),
        "threads": torch.get_num_threads(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "commit": commit,
    }


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


@cache
def measured_rate(device: torch.device) -> float:
    """Return float32 multiply-adds per second: the better of a product and a convolution."""
    side, channels = 2048, 256
    matrix = torch.randn(side, side, device=device)
    picture = torch.randn(1, channels, 128, 128, device=device)
    kernel = torch.randn(channels, channels, 3, 3, device=device)
    jobs = {
        side**3: lambda: matrix @ matrix,
        9 * channels**2 * 126**2: lambda: F.conv2d(picture, kernel),
    }
    return max(count / _fastest(job, device) for count, job in jobs.items())


def _fastest(job: Callable[[], Any], device: torch.device) -> float:
    times = []
    for _ in range(8):
        start = time.perf_counter()
        job()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - start)
    return min(times)


def multiply_adds(work: Callable[[], Any]) -> float:
    """Count the multiply-adds of the convolutions and matrix products in `work`, plain forms."""
    with FlopCounterMode(display=False) as counter, plain():
        work()
    return counter.get_total_flops() / 2


def peak_memory(device: torch.device) -> int:
    """Return this process's peak memory in bytes: on the GPU, or resident."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss includes the memory of the parent before the fork
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale
