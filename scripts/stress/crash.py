"""Kill a training repeatedly, resume it, and compare the result with an undisturbed run.

    python -m scripts.stress.crash --kills 50
    python -m scripts.stress.crash --full-disk

The training is tiny but complete: bundled swatch, bundled loss network, drawn photos, CPU. Every
process is killed at a random moment (SIGKILL, with its loader workers); every second kill then
waits for a half-written checkpoint. Processes are forked from one that has imported torch, to save
seconds; --fresh starts a new Python each time, as a user would. Exit code 0: all bytes are equal.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from scripts.stress.full_disk import try_full_disk
from scripts.stress.training_process import Training, Trial, final_bytes

MAX_LIFETIME = 2.0  # seconds from the first output of the run to the kill, which is random
START_LIMIT = 120.0  # seconds without output after which a start has failed


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--steps", type=int, default=600, help="of one run; a new run follows it")
    parser.add_argument("--seed", type=int, default=0, help="for the moments of the kills")
    parser.add_argument("--fresh", action="store_true", help="start a new Python each time")
    parser.add_argument("--full-disk", action="store_true", help="fill the disk instead")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="faststyle-crash-") as folder:
        trial = Trial(Path(folder), options.steps, options.fresh)
        return try_full_disk(trial) if options.full_disk else kill_and_resume(trial, options)


def kill_and_resume(trial: Trial, options: argparse.Namespace) -> int:
    """Kill and resume until `options.kills` is reached; return the exit code."""
    rng = random.Random(options.seed)
    whole = trial.folder / "whole"
    trial.start(whole, resume=False).expect(0)
    counts: Counter[str] = Counter()
    while counts["kills"] < options.kills:
        counts["runs"] += 1
        folder = trial.folder / f"killed_{counts['runs']}"
        _one_run(trial, folder, options.kills, rng, counts)
        if final_bytes(folder) != final_bytes(whole):
            print(f"DIFFERENT after {counts['kills']} kills: {folder}")
            return 1
        shutil.rmtree(folder)
    print(
        f"{counts['kills']} kills ({counts['saving']} of them with a checkpoint half written, "
        f"{counts['nothing']} before the first one), {counts['previous']} starts from "
        f"previous.ckpt, {counts['runs']} runs of {options.steps} steps: last.ckpt's weights and "
        "the style checkpoint are equal to the undisturbed run's, byte for byte"
    )
    return 0


def _one_run(
    trial: Trial, folder: Path, kills: int, rng: random.Random, counts: Counter[str]
) -> None:
    """Kill and resume until the run is complete; beyond `kills` let it finish."""
    while True:
        resume = bool(list(folder.glob("runs/*/*/*.ckpt")))
        training = trial.start(folder, resume, num_workers=rng.choice((0, 0, 0, 1)))
        if counts["kills"] < kills and _kill(training, rng, while_saving=counts["kills"] % 2 == 1):
            counts["kills"] += 1
            counts["saving"] += bool(training.half_written())
            counts["nothing"] += not list(folder.glob("runs/*/*/*.ckpt"))
            counts["previous"] += "from previous.ckpt" in training.output()
        elif training.expect(0):
            return


def _kill(training: Training, rng: random.Random, while_saving: bool) -> bool:
    """Kill it at a random moment; return False if it ended earlier."""
    begun = time.monotonic()
    while not training.has_begun():
        if not training.is_running():
            return False
        if time.monotonic() - begun > START_LIMIT:
            raise RuntimeError(f"no output after {START_LIMIT:.0f} s:\n{training.output()}")
        time.sleep(0.005)
    left = set(training.half_written())  # by a process that was killed before
    moment = time.monotonic() + rng.uniform(0, MAX_LIFETIME)
    while training.is_running():
        now = time.monotonic()
        if now >= moment and (not while_saving or set(training.half_written()) - left):
            training.kill()
            return True
        time.sleep(0 if while_saving and now >= moment else 0.002)
    return False


if __name__ == "__main__":
    # On SIGTERM, exit normally, so that the trainings end too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny pictures gain nothing from more
    sys.exit(main())
