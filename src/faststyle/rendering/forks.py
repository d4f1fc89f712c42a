"""Torch's threads do not survive a fork: refuse what would wait for them forever.

Once torch has computed with several threads, a forked child that computes waits for threads which
only its parent has. Loading a style is enough. Plain torch hangs in the same way.
"""

from __future__ import annotations

import os

import torch

_process_with_threads: int | None = None


def refuse_after_fork() -> None:
    """Remember the process that first used torch's threads, and refuse to work in its children.

    A child that was told to use one thread, `torch.set_num_threads(1)`, needs no other and works.

    Raises:
        RuntimeError: this process was forked from one that used several threads.
    """
    global _process_with_threads
    if torch.get_num_threads() == 1:
        return
    if _process_with_threads is None:
        _process_with_threads = os.getpid()
    elif _process_with_threads != os.getpid():
        raise RuntimeError(
            "this process was forked from one that had used faststyle, whose torch threads are "
            'missing here; start processes by multiprocessing.get_context("spawn"), or call '
            "torch.set_num_threads(1) in each of them first"
        )
