"""Processes that fork after a style was used: an error in a moment in place of a silent wait."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import multiprocessing, sys
import torch
from PIL import Image
from faststyle import load_style

def work(place):
    if place == "one thread":
        torch.set_num_threads(1)
    try:
        return (load_style(sys.argv[1], "cpu") if place == "load" else style)(photo).size
    except RuntimeError as error:
        return str(error)

torch.set_num_threads(int(sys.argv[2]))
photo = Image.new("RGB", (90, 70), (200, 30, 60))
style = load_style(sys.argv[1], "cpu")
style(photo)
pool = multiprocessing.get_context("fork").Pool(1)
for place in ("load", "call", "one thread"):
    print(pool.apply_async(work, (place,)).get(timeout=60))
pool.terminate()
"""


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.parametrize("threads", [1, 2])
def test_a_forked_process_works_or_says_why_not(threads: int, ckpt: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(ckpt), str(threads)],
        env={**os.environ, "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *outcomes, one_thread = done.stdout.splitlines()
    assert one_thread == "(90, 70)"
    for outcome in outcomes:
        if threads == 1:
            assert outcome == "(90, 70)"
        else:
            assert 'multiprocessing.get_context("spawn")' in outcome
