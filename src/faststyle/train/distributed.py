"""Several processes that train together: which of them speaks, and how they agree.

Environment variables tell, so that this is known before torch is imported: those of torchrun
(RANK, LOCAL_RANK), of SLURM, and of Lightning where it starts the processes itself (NODE_RANK,
LOCAL_RANK).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from faststyle.errors import UserError

_votes: Any = None  # the process group for `anywhere`


def is_main_process() -> bool:
    """Whether this process writes and speaks for all of them."""
    if "RANK" in os.environ:
        return _number("RANK") == 0
    if _number("SLURM_NTASKS") > 1:
        return _number("SLURM_PROCID") == 0
    return _number("NODE_RANK") == 0 and _number("LOCAL_RANK") == 0


def started_together() -> bool:
    """Whether a launcher started all processes at once, rather than this one the others."""
    return "TORCHELASTIC_RUN_ID" in os.environ or _number("SLURM_NTASKS") > 1


def launched_layout() -> tuple[int, int] | None:
    """Processes a machine and machines, as torchrun or SLURM started them; None: we start them."""
    if "TORCHELASTIC_RUN_ID" in os.environ:
        return _number("LOCAL_WORLD_SIZE"), _number("GROUP_WORLD_SIZE")
    if started_together():
        machines = _number("SLURM_NNODES")
        return _number("SLURM_NTASKS") // machines, machines
    return None


def print_once(text: str) -> None:
    """print, once however many processes there are."""
    if is_main_process():
        print(text)


@contextmanager
def one_error_per_machine() -> Iterator[None]:
    """For checks that every process makes: a mistake is told by the first one of each machine."""
    try:
        yield
    except UserError as error:
        if started_together() and _number("LOCAL_RANK", "SLURM_LOCALID") > 0:
            raise SystemExit(error.exit_code) from error
        raise


def any_process(flag: bool) -> bool:
    """Whether `flag` is set in any process; every one of them must ask at the same moment.

    Over a group of its own on the CPU, so that no GPU has to be waited for.
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
    """The union over all processes; every one of them must ask at the same moment."""
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


def _number(*names: str) -> int:
    return max(int(os.environ.get(name, "0")) for name in names)
