"""Measure how the cost grows with picture size, batch size, width and number of steps.

    python -m scripts.benchmarks.scaling

Prints one table each: medians, in one process. A flat column means that the cost is proportional.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

from faststyle import keep_freed_memory
from faststyle.networks.transform_net import TransformNet
from scripts.benchmarks.contender import Contender
from scripts.benchmarks.machine import describe_machine, multiply_adds
from scripts.networks import network_arguments

SIDES = (64, 128, 256, 512, 1024, 2048)
BATCHES = (1, 2, 4, 8, 16, 32)
WIDTHS = (8, 16, 32, 64)
STEPS = 12


def median_seconds(work: Callable[[], Any], device: torch.device, repeats: int) -> float:
    """Time `work` after one warm-up call; return the median in seconds."""

    def timed() -> float:
        start = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter() - start

    timed()
    return statistics.median(timed() for _ in range(repeats))


def stylize_cost(net: TransformNet, shape: Sequence[int], device: torch.device) -> dict[str, float]:
    """Time `net` on random images of shape (N, H, W).

    Returns:
        "seconds", "ns" (nanoseconds per pixel) and "rate" (1e9 multiply-adds of the plain
        arithmetic per second).
    """
    images = torch.rand(shape[0], 3, *shape[1:], device=device)
    with torch.inference_mode():
        repeats = 3 if images.numel() > 3_000_000 else 9
        seconds = median_seconds(lambda: net(images), device, repeats)
        rate = multiply_adds(lambda: net(images)) / seconds
    return {"seconds": seconds, "ns": seconds * 3e9 / images.numel(), "rate": rate / 1e9}


def table(title: str, rows: dict[str, dict[str, float]]) -> None:
    """Print what `stylize_cost` returned, a row each."""
    print(f"\n| {title} | seconds | ns a pixel | G multiply-adds a second |\n|---|---|---|---|")
    for name, cost in rows.items():
        print(f"| {name} | {cost['seconds']:.4f} | {cost['ns']:.0f} | {cost['rate']:.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how faststyle's cost grows.")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(parser.parse_args().device)
    print(describe_machine(device))
    keep_freed_memory()
    net = TransformNet(**network_arguments()).to(device)
    sides = {f"{s} x {s}": stylize_cost(net, (1, s, s), device) for s in SIDES}
    table("picture, batch 1, width 32", sides)
    batches = {str(n): stylize_cost(net, (n, 256, 256), device) for n in BATCHES}
    table("batch of 256 x 256, width 32", batches)
    widths = {}
    for width in WIDTHS:
        net = TransformNet(**network_arguments(width=width)).to(device)
        widths[str(width)] = stylize_cost(net, (1, 512, 512), device)
    table("width, one picture of 512 x 512", widths)

    contender = Contender("ours", device, None)
    contender.prepare_training()
    times = []
    for _ in range(STEPS):
        contender.train_step()
        times.append(f"{contender.seconds:.2f}")
    print(f"\nSeconds of training steps 1 to {STEPS}: {' '.join(times)}")


if __name__ == "__main__":
    main()
