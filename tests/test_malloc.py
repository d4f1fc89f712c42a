"""Settings of the process: freed memory stays with it where malloc is glibc's."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys

import pytest

from faststyle.malloc import keep_freed_memory, tune_process


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_other_systems_keep_their_malloc(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(ctypes, "CDLL", None)  # on Windows, CDLL(None) is a TypeError
    assert not keep_freed_memory()


def test_a_linux_without_mallopt_keeps_its_malloc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert not keep_freed_memory()


def test_the_users_thread_policy_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faststyle.malloc.keep_freed_memory", lambda: True)
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    tune_process()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
    monkeypatch.delenv("OMP_WAIT_POLICY")
    tune_process()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"


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
