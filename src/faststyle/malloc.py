"""Keep freed memory in the process: mapping it anew costs more than filling it.

By default glibc gives every large block back to the system when it is freed, and the system
hands out the next one page by page, zeroed. A forward pass makes dozens of such blocks: where a
page fault is dear (virtual machines above all), half of its time goes there.
"""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # from malloc.h
NEVER = 2**31 - 1


def keep_freed_memory() -> bool:
    """Have malloc keep what is freed, up to the process's peak; False where it is not glibc.

    It acts on the whole process, so only commands call it; a program that uses faststyle as a
    library decides for itself.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    return mallopt is not None and bool(mallopt(M_MMAP_MAX, 0) and mallopt(M_TRIM_THRESHOLD, NEVER))
