"""Memory that is freed stays with the process."""

from __future__ import annotations

import platform
import subprocess
import sys


def test_freed_memory_is_kept_where_malloc_is_glibcs() -> None:
    """In a process of its own: page faults of a block that is freed and asked for again."""
    code = (
        "import resource, torch, faststyle\n"
        "faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "copies = lambda: [torch.ones(2**24) is None for _ in range(8)] and faults()\n"
        "print(faststyle.keep_freed_memory()); copies(); before = faults()\n"
        "print(copies() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    kept, faults = done.stdout.split()
    assert kept == str(platform.libc_ver()[0] == "glibc")
    if kept == "True":
        assert int(faults) < 8 * 2**26 // 4096 / 2  # half of what eight blocks anew would take
