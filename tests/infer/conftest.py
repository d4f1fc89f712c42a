"""Two photos in the current folder, and the command `infer` in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from faststyle.infer.command import main
from tests.support.commands import Outcome, in_process
from tests.support.pictures import noise_picture


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two photos in the current folder, with different names, sizes and formats."""
    monkeypatch.chdir(tmp_path)
    noise_picture(0, 41, 30).save("cat.jpg")
    noise_picture(1, 20, 33).save("dog.png")
    return tmp_path


@pytest.fixture
def infer(ckpt: Path, capfd: pytest.CaptureFixture[str]):
    def run(*arguments: str, ckpt: Path | str = ckpt) -> Outcome:
        given = ["--ckpt", str(ckpt), "--device", "cpu", *arguments]
        return in_process("infer", lambda: main(given), capfd)

    return run
