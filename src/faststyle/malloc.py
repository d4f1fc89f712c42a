"""Process settings that make large pictures faster on a CPU; they affect the whole process.

Importing faststyle changes no setting. Commands call `tune_process` before torch is imported, and
a program that uses faststyle as a library can do the same:

    from faststyle import tune_process

    tune_process()
    import torch

Freed memory: by default glibc returns every large block to the system when it is freed, and the
system hands out the next one page by page, zeroed. A forward pass allocates dozens of such blocks.
Where a page fault is expensive, above all in virtual machines, that takes half of its time.

Idle threads: OpenMP threads of torch that spin while they wait take the cores of NNPACK's threads.
"""

from __future__ import annotations

import ctypes
import os
import sys

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # from malloc.h
NEVER = 2**31 - 1


def tune_process() -> None:
    """Make idle OpenMP threads sleep, and keep freed memory in the process.

    Call it before torch is imported: OpenMP reads `OMP_WAIT_POLICY` once, when it is loaded. A
    value that the user has set stays.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    keep_freed_memory()


def keep_freed_memory() -> bool:
    """Make malloc keep freed memory, up to the peak of the process.

    Returns:
        Whether it does; False where malloc is not glibc's.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(M_MMAP_MAX, 0) and mallopt(M_TRIM_THRESHOLD, NEVER))
