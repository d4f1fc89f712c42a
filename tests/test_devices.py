"""Memory and devices, on machines that have less than Linux has."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest
import torch

from faststyle import devices
from faststyle.devices import available_bytes, choose_device, memory_budget
from faststyle.errors import UserError

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
