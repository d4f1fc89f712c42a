"""`python -m faststyle.explore` in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from faststyle.explore.command import main
from tests.support.commands import Outcome, in_process
from tests.support.explorations import shorten


@pytest.fixture
def explore_cli(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Outcome]:
    """`python -m faststyle.explore ARGUMENTS` in this process, shortened."""
    monkeypatch.chdir(tmp_path)
    short = shorten(monkeypatch)

    def run(*arguments: object) -> Outcome:
        return in_process("explore", lambda: main([*short, *map(str, arguments)]), capfd)

    return run
