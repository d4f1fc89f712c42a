"""Signals that end a run."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path


def test_a_second_signal_ends_the_process_at_once(
    smoke_overrides: list[str], tmp_path: Path
) -> None:
    """In a process of its own: this one would be gone. The step it is in never ends."""
    hang = (
        "import os, signal, sys, time\n"
        "from faststyle.train.module import StyleTransfer\n"
        "from faststyle.train.command import main\n"
        "def step(*_):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(60)\n"
        "StyleTransfer.training_step = step\n"
        f"sys.argv = ['train', *{smoke_overrides!r}]\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", hang], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == -signal.SIGINT, done
    assert "the same again stops at once" in done.stderr
