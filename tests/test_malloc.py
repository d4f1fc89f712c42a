"""Settings of the process on systems whose malloc is not glibc's."""

from __future__ import annotations

import ctypes
import os
import sys

import pytest

from faststyle.malloc import keep_freed_memory, tune_process


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_other_systems_keep_their_malloc(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
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
