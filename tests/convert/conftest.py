"""The command import in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from faststyle.convert.command import main
from tests.support.commands import Outcome, in_process

Run = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, name: str = "theirs") -> Outcome:
        given = [*map(str, arguments), "--name", name]
        return in_process("import", lambda: main(given), capsys)

    return run
