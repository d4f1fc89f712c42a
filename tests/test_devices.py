"""Memory and devices, on machines that have less than Linux has."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
import pytest
import torch

from faststyle import devices
from faststyle.devices import available_bytes, choose_device, memory_budget
from faststyle.errors import UserError
from tests.support.commands import RunCli

CPU = torch.device("cpu")


def test_memory_is_known_where_the_system_has_no_sysconf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no os.sysconf."""
    monkeypatch.delattr(os, "sysconf", raising=False)
    monkeypatch.setattr(devices, "_CGROUP_LIMIT", Path("nowhere"))
    assert 0 < available_bytes(CPU) <= psutil.virtual_memory().total
    assert 0 < memory_budget(CPU) <= psutil.virtual_memory().total / 2


def test_a_containers_limit_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(devices, "_CGROUP_LIMIT", limit)
    limit.write_text("1000000\n")
    assert available_bytes(CPU) == 1_000_000
    assert memory_budget(CPU) == 500_000
    limit.write_text("max\n")
    assert memory_budget(CPU) > 1_000_000


@pytest.mark.parametrize("name", ["nonsense", "cuda:99", "cpu:x"])
def test_a_device_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(UserError, match=rf"device: cannot use '{name}'.*use auto or cpu"):
        choose_device(name)


@pytest.mark.skipif(sys.platform == "win32", reason="without limits of a process")
def test_the_limit_of_a_process_counts(run_cli: RunCli, tmp_path: Path) -> None:
    code = (
        "import resource, psutil, torch\n"
        "from faststyle.devices import available_bytes\n"
        "taken = psutil.Process().memory_info().vms\n"
        "resource.setrlimit(resource.RLIMIT_AS, (taken + 200_000_000,) * 2)\n"
        "print(available_bytes(torch.device('cpu')))\n"
    )
    (tmp_path / "limited.py").write_text(code)
    assert 150_000_000 < int(run_cli("limited").out) <= 200_000_000
