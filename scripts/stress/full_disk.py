"""Fill the disk of a training: it must fail with one line, keep its checkpoint, and resume."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import time
from pathlib import Path

from scripts.stress.training_process import Trial, final_bytes, run_folder

DISK_SIZE = "8m"


def try_full_disk(trial: Trial) -> int:
    """Fill a small disk, or limit the size of files where mounting is not permitted.

    Returns:
        The exit code: 0 if the resumed run equals an undisturbed one.
    """
    whole = trial.folder / "whole"
    trial.start(whole, resume=False).expect(0)
    disk = trial.folder / "disk"
    disk.mkdir()
    mounted = mount(disk)
    try:
        message = _fill(trial, disk) if mounted else _limit(trial, disk)
        survived = _survivor(disk)
        trial.start(disk, resume=True).expect(0)
        equal = final_bytes(disk) == final_bytes(whole)
    finally:
        if mounted:
            subprocess.run(["umount", disk], check=True)
    print(
        f"{'disk of ' + DISK_SIZE if mounted else 'limit on the size of files'}: one line:\n"
        f"  {message}\nlast.ckpt of step {survived} was intact; resumed from it, the weights "
        f"are {'equal' if equal else 'DIFFERENT'}, byte for byte"
    )
    return 0 if equal else 1


def mount(folder: Path) -> bool:
    """Mount a small disk on `folder`; return False where that is not permitted."""
    if os.geteuid() != 0:
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE}", "tmpfs", folder]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _fill(trial: Trial, disk: Path) -> str:
    training = trial.start(disk, resume=False)
    filler = disk / "filler"
    while training.is_running():
        if list(disk.glob("runs/*/*/previous.ckpt")):
            with filler.open("ab", buffering=0) as file:
                for size in (2**20, 2**12, 1):
                    try:
                        while file.write(bytes(size)):
                            pass
                    except OSError as error:
                        if error.errno != errno.ENOSPC:
                            raise
        time.sleep(0.002)
    message = _one_line(training.code, training.output())
    filler.unlink()
    return message


def _limit(trial: Trial, disk: Path) -> str:
    """Run some steps, kill the run, and resume it with files limited to half a checkpoint."""
    training = trial.start(disk, resume=False)
    while not list(disk.glob("runs/*/*/previous.ckpt")):
        assert training.is_running(), training.output()
        time.sleep(0.002)
    training.kill()
    size = (run_folder(disk) / "previous.ckpt").stat().st_size // 2
    small = trial.start(
        disk, resume=True, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    )
    while small.is_running():
        time.sleep(0.01)
    return _one_line(small.code, small.output())


def _one_line(code: int | None, output: str) -> str:
    lines = [line for line in output.splitlines() if line.startswith("train: ")]
    if code != 1 or len(lines) != 1 or "Traceback" in output or "the disk is" not in lines[0]:
        raise RuntimeError(f"expected one line about the disk, got exit code {code}:\n{output}")
    return lines[0]


def _survivor(disk: Path) -> int:
    import torch

    return torch.load(run_folder(disk) / "last.ckpt", weights_only=True)["global_step"]
