"""Several processes that train together: which of them prints and writes, and how they agree."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from faststyle.errors import UserError
from faststyle.train.environment import find_place

_votes: Any = None  # the process group of `any_process`


def is_main_process() -> bool:
    """Whether this process prints and writes for all of them; known before torch is imported."""
    return find_place(os.environ).is_first


def print_once(text: str) -> None:
    """Print `text` in the main process only."""
    if is_main_process():
        print(text)


@contextmanager
def one_error_per_machine() -> Iterator[None]:
    """For checks that every process makes: the first one of each machine prints a mistake."""
    try:
        yield
    except UserError as error:
        place = find_place(os.environ)
        if place.launcher is not None and place.local_rank > 0:
            raise SystemExit(error.exit_code) from error
        raise


def any_process(flag: bool) -> bool:
    """Return whether `flag` is set in any process; all of them must call this together.

    They vote in a group of their own on the CPU, so that no GPU has to be waited for.
    """
    import torch
    from torch import distributed

    if not (distributed.is_available() and distributed.is_initialized()):
        return flag
    global _votes
    if _votes is None:
        _votes = distributed.new_group(backend="gloo")
    vote = torch.tensor([int(flag)])
    distributed.all_reduce(vote, op=distributed.ReduceOp.MAX, group=_votes)
    return bool(vote.item())


def union_of_all(names: set[str]) -> set[str]:
    """Return the union over all processes; all of them must call this together."""
    from torch import distributed

    if not (distributed.is_available() and distributed.is_initialized()):
        return names
    gathered: list[Any] = [None] * distributed.get_world_size()
    distributed.all_gather_object(gathered, names)
    return set().union(*gathered)


def destroy_groups() -> None:
    """Close the groups of processes: left to the interpreter's end, their threads may abort it."""
    if "torch" not in sys.modules:
        return
    from torch import distributed

    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()
