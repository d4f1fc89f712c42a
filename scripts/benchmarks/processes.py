"""Contenders in separate processes, timed in turns.

malloc's settings and heap belong to a process. A baseline that finds faststyle's heap is a third
faster than the one its users have.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from faststyle import keep_freed_memory
from scripts.benchmarks.contender import CONTENDERS, Contender
from scripts.benchmarks.machine import peak_memory


def serve(who: str, device: str, loss_network_weights: Path | None, pipe: Connection) -> None:
    """Run a contender: call the methods that arrive, answer with result, seconds and peak bytes."""
    if who == "ours":
        keep_freed_memory()
    contender = Contender(who, torch.device(device), loss_network_weights)
    while (request := pipe.recv()) is not None:
        method, *arguments = request
        contender.seconds = 0.0
        result = getattr(contender, method)(*arguments)
        plain_result = None if isinstance(result, Tensor) else result
        pipe.send((plain_result, contender.seconds, peak_memory(contender.device)))


class Remote:
    """A contender in its own process.

    After `ask`, `seconds` and `peak_bytes` hold the time of that call and the process's peak.
    """

    def __init__(self, who: str, device: str, loss_network_weights: Path | None):
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        # faststyle makes idle OpenMP threads sleep; without it they spin.
        os.environ["GOMP_SPINCOUNT"] = "0" if who == "ours" else "300000"
        self.process = context.Process(
            target=serve, args=(who, device, loss_network_weights, theirs)
        )
        self.process.start()
        theirs.close()

    def ask(self, method: str, *arguments: Any) -> Any:
        """Call a method of the contender; return its result, or None in place of a tensor."""
        self.pipe.send((method, *arguments))
        result, self.seconds, self.peak_bytes = self.pipe.recv()
        return result

    def close(self) -> None:
        """End the process."""
        with suppress(BrokenPipeError):
            self.pipe.send(None)
        self.process.join()


@contextmanager
def contenders(device: str, loss_network_weights: Path | None) -> Iterator[dict[str, Remote]]:
    """Start both contenders; end them on leaving the block."""
    pair = {who: Remote(who, device, loss_network_weights) for who in CONTENDERS}
    try:
        yield pair
    finally:
        for remote in pair.values():
            remote.close()


def race(pair: dict[str, Remote], repeats: int, method: str, *arguments: Any) -> dict[str, Any]:
    """Time both, taking turns after a warm-up round; return median seconds and their ratio."""
    times: dict[str, list[float]] = {who: [] for who in pair}
    for _ in range(repeats + 1):
        for who, remote in pair.items():
            remote.ask(method, *arguments)
            times[who].append(remote.seconds)
    median = {who: statistics.median(taken[1:]) for who, taken in times.items()}
    return {**median, "ratio": median["plain"] / median["ours"]}
