"""Commands run by a test, in another process or in this one, and what they leave behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Outcome:
    """What a command line left behind."""

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


def one_line(outcome: Outcome) -> str:
    assert outcome.code == 2
    assert outcome.err.startswith("infer: ")
    assert outcome.err.count("\n") == 1
    assert "Traceback" not in outcome.err
    return outcome.err


def import_line(outcome: Outcome) -> str:
    assert outcome.code == 2
    assert outcome.err.startswith("import: ")
    assert outcome.err.count("\n") == 1
    assert outcome.err.strip().isprintable()
    assert len(outcome.err) < 500
    return outcome.err
