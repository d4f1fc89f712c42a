"""Restarts loader processes that die, without losing a batch."""

from __future__ import annotations

import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from torch.utils.data import DataLoader

from faststyle.errors import UserError

DEATHS = 3  # in a row, before the run is given up
RECOVERED = 100  # batches after which a death counts as the first again


class LoaderDied(UserError):
    """Loader processes died several times in a row."""

    exit_code = 1


class RestartingLoader:
    """Batches from loader processes that may die.

    A process that dies, most often for want of memory, costs seconds but no batch: the loader is
    opened again at the next batch, with half as many processes.

    Args:
        open_loader: takes the number of the first batch and the number of processes.
        num_batches: what `len` returns.
        num_workers: processes at the start.
    """

    def __init__(
        self, open_loader: Callable[[int, int], DataLoader], num_batches: int, num_workers: int
    ):
        self.open_loader, self.num_batches = open_loader, num_batches
        self.num_workers = num_workers

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> Iterator[Any]:
        given, deaths, died_at = 0, 0, 0
        workers = self.num_workers
        while True:
            try:
                for batch in _iterate(self.open_loader(given, workers)):
                    given += 1
                    yield batch
                return
            except UserError as error:  # from a process it comes with a traceback in its text
                raise UserError(str(error).rsplit("UserError: ", 1)[-1].strip()) from error
            except RuntimeError as error:
                if not re.search(r"DataLoader worker \(pid", str(error)):
                    raise
                deaths = deaths + 1 if given < died_at + RECOVERED else 1
                died_at, workers = given, max(1, workers // 2)
                if deaths == DEATHS:
                    raise LoaderDied(_give_up(error)) from error
                print(
                    f"A loader process died ({_cause(error)}), often for want of memory; "
                    f"continuing with {workers}",
                    file=sys.stderr,
                )


def _give_up(error: RuntimeError) -> str:
    return (
        f"loader processes died {DEATHS} times in a row ({_cause(error)}): too little memory, or "
        "a photo that crashes its decoder; free memory or set data.num_workers=0 (in a new run), "
        "then continue with resume=RUN_FOLDER"
    )


def _cause(error: RuntimeError) -> str:
    found = re.search(r"killed by signal: ([\w ]+)", str(error))
    return f"signal {found[1].strip()}" if found else "it ended unexpectedly"


def _iterate(loader: DataLoader) -> Iterator[Any]:
    iterator = iter(loader)
    # torch notices a death in a signal handler, which raises wherever the program is, even in the
    # middle of a step. Without the handler the loader notices within five seconds.
    if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGCHLD"):
        handler = signal.getsignal(signal.SIGCHLD)
        if getattr(handler, "__module__", "").startswith("torch."):
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    return iterator
