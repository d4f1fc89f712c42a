"""Commands run by a test, in another process or in this one, and what they leave behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest


@dataclass(frozen=True)
class Outcome:
    """What a command line left behind."""

    program: str
    code: int
    out: str
    err: str


class RunCli(Protocol):
    def __call__(
        self, module: str, *arguments: object, cwd: Path | None = None, **environment: str
    ) -> Outcome: ...


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m` with these arguments, in `folder`; killed if it still runs in the end."""
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def in_process(
    program: str, main: Callable[[], object], capture: pytest.CaptureFixture[str]
) -> Outcome:
    """Run a command in this process: the same code, without seconds of imports."""
    capture.readouterr()
    try:
        code = main()
    except SystemExit as stop:
        code = stop.code
    printed = capture.readouterr()
    assert code is None or isinstance(code, int)
    return Outcome(program, code or 0, printed.out, printed.err)


def one_line(outcome: Outcome) -> str:
    """The one line on stderr with which a command refuses what it was given."""
    assert outcome.code == 2, outcome
    assert outcome.err.startswith(f"{outcome.program}: "), outcome.err
    assert outcome.err.count("\n") == 1, outcome.err
    assert outcome.err.strip().isprintable()
    return outcome.err
