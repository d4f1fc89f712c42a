"""A tiny training in its own process, for the scripts that disturb it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

SETTINGS = (
    "experiment=smoke",
    "loss_network=compact",
    "loss.content_layers=[relu2_2]",
    "loss.style_layers=[relu1_1,relu2_1]",
    "trainer.accelerator=cpu",
    "trainer.progress_bar=false",
    "trainer.checkpoint_every=3",
    "trainer.preview_every=50",
)


@dataclass
class Training:
    """A running `python -m train` in `folder`."""

    folder: Path
    process: int
    log: Path
    code: int | None = field(default=None, init=False)

    def is_running(self) -> bool:
        """Return whether it still runs; sets `code` when it has ended."""
        if self.code is None:
            found, status = os.waitpid(self.process, os.WNOHANG)
            self.code = os.waitstatus_to_exitcode(status) if found else None
        return self.code is None

    def has_begun(self) -> bool:
        """Return whether it has printed its run folder."""
        return "TensorBoard events" in self.output()

    def half_written(self) -> list[Path]:
        """Return partial checkpoint files."""
        return list(self.folder.glob("runs/*/*/.*.partial"))

    def kill(self) -> None:
        """Send SIGKILL to it and its loader workers."""
        os.killpg(self.process, signal.SIGKILL)
        self.code = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])

    def expect(self, code: int) -> bool:
        """Wait for its end.

        Raises:
            RuntimeError: the exit code is not `code`.
        """
        if self.code is None:
            self.code = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
        if self.code != code:
            raise RuntimeError(f"exit code {self.code}, not {code}:\n{self.output()}")
        return True

    def output(self) -> str:
        """Return what it has printed so far."""
        return self.log.read_text(errors="replace")


@dataclass(frozen=True)
class Trial:
    """Starts trainings of `steps` steps: forked from this process, or a new Python if `fresh`."""

    folder: Path
    steps: int
    fresh: bool

    def start(
        self,
        folder: Path,
        resume: bool,
        num_workers: int = 0,
        before: Callable[[], None] = lambda: None,
    ) -> Training:
        """Start a run in `folder`, or resume the latest there. `before` runs in the child."""
        folder.mkdir(parents=True, exist_ok=True)
        settings = (*SETTINGS, f"trainer.max_steps={self.steps}")
        arguments = [
            *(("resume=latest",) if resume else settings),
            f"data.num_workers={num_workers}",
        ]
        log = self.folder / f"{folder.name}.log"
        log.write_text("")
        if self.fresh:
            process = _start_python(arguments, folder, log, before)
        else:
            process = _fork(arguments, folder, log, before)
        return Training(folder, process, log)


def _start_python(arguments: list[str], folder: Path, log: Path, before: Callable[[], None]) -> int:
    with log.open("w") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "train", *arguments],
            cwd=folder,
            stdout=file,
            stderr=file,
            start_new_session=True,
            preexec_fn=before,
        ).pid


def _fork(arguments: list[str], folder: Path, log: Path, before: Callable[[], None]) -> int:
    # Imported once in the parent, because it takes seconds; nothing may run yet.
    from torch.utils.tensorboard import SummaryWriter  # noqa: F401

    from faststyle.train import run  # noqa: F401
    from faststyle.train.command import main

    process = os.fork()
    if process:
        return process
    code = 1
    try:
        os.setsid()
        os.chdir(folder)
        file = os.open(log, os.O_WRONLY | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(file, stream)
        sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
        before()
        sys.argv[:] = ["train", *arguments]
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    finally:
        os._exit(code)  # never return into the parent's code


def run_folder(folder: Path) -> Path:
    """Return the one run folder with checkpoints."""
    (found,) = {path.parent for path in folder.glob("runs/*/*/*.ckpt")}
    return found


def final_bytes(folder: Path) -> tuple[dict[str, bytes], bytes]:
    """Return the bytes of the last checkpoint's weights, by name, and of the style checkpoint."""
    import torch

    last = torch.load(run_folder(folder) / "last.ckpt", weights_only=True)
    weights = {key: value.numpy().tobytes() for key, value in last["state_dict"].items()}
    return weights, (folder / "checkpoints" / "starry_night.safetensors").read_bytes()
