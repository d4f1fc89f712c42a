"""The command import in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from faststyle.convert.command import main
from tests.support.commands import Outcome

Run = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, name: str = "theirs") -> Outcome:
        capsys.readouterr()
        try:
            code = main([*map(str, arguments), "--name", name])
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run
