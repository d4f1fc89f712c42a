"""Resumed runs reach the same weights, from whatever checkpoint is whole."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor

from faststyle.checkpoints.run_folder import RunFolder
from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.train.module import StyleTransfer
from tests.support.runs import FINAL, STEPS, TRAINING, PowerCut, assert_same, power_cut, the_run


def curve(run_dir: Path, tag: str) -> list[tuple[int, float]]:
    log = EventAccumulator(str(run_dir))
    log.Reload()
    return [(event.step, event.value) for event in log.Scalars(tag)]


# --- the same weights -------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_that_died_goes_on_to_the_same_weights_and_curves(
    workers: int,
    train_cli,
    smoke_overrides: list[str],
    tmp_path: Path,
    at_step: Callable[..., None],
    whole: Path,
) -> None:
    for step in (2, 11, 17):  # before the first checkpoint, and far from one, twice
        at_step(step, power_cut)
        given = ["resume=latest", f"runs_dir={tmp_path / 'runs'}"] if step > 11 else []
        with pytest.raises(PowerCut):
            train_cli(*(given or [*smoke_overrides, *TRAINING]))
    (run,) = RunFolder.newest_first(
        tmp_path / "runs", "starry_night"
    )  # the first left no checkpoint
    outcome = train_cli(
        "resume=latest", f"runs_dir={tmp_path / 'runs'}", f"data.num_workers={workers}"
    )
    assert (outcome.code, outcome.err) == (0, "")
    assert f"resume=latest is {run.path}" in outcome.out
    assert f"Resuming at step 16 of {STEPS}" in outcome.out
    assert ("data.num_workers=2 (was 0)" in outcome.out) == (workers == 2)
    assert_same(run.path, whole)
    assert (
        read_checkpoint(tmp_path / FINAL).metadata == read_checkpoint(whole.parent / FINAL).metadata
    )
    for tag in ("train/style_loss", "val/style_loss"):
        assert dict(curve(run.path, tag)).items() >= dict(curve(whole, tag)).items()
        steps = [step for step, _ in curve(run.path, tag)]
        assert steps == sorted(set(steps)), tag


@pytest.mark.parametrize("name", ["", "last.ckpt", "previous.ckpt"])
def test_a_stopped_run_goes_on_from_either_checkpoint(
    name: str, train_cli, stopped: Path, whole: Path
) -> None:
    outcome = train_cli(f"resume={stopped / name}")
    assert (outcome.code, outcome.err) == (0, "")
    start = 8 if name == "previous.ckpt" else 10
    assert f"Resuming at step {start} of {STEPS}" in outcome.out
    assert_same(stopped, whole)


def test_random_numbers_drawn_elsewhere_change_nothing(
    train_cli,
    smoke_overrides: list[str],
    tmp_path: Path,
    whole: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Why a checkpoint holds no states of random generators."""
    take_step = StyleTransfer.training_step

    def draw_and_step(self: StyleTransfer, photos: Tensor, batch_idx: int) -> Tensor:
        for seed in (random.seed, np.random.seed, torch.manual_seed):
            seed(int.from_bytes(os.urandom(4)))
        return take_step(self, photos, batch_idx)

    monkeypatch.setattr(StyleTransfer, "training_step", draw_and_step)
    assert train_cli(*smoke_overrides, *TRAINING).code == 0
    assert_same(the_run(tmp_path), whole)


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_loader_workers_gives_the_same_weights(
    workers: int, train_cli, smoke_overrides: list[str], tmp_path: Path, whole: Path
) -> None:
    assert train_cli(*smoke_overrides, *TRAINING, f"data.num_workers={workers}").code == 0
    assert_same(the_run(tmp_path), whole)


# --- checkpoints that are not whole -----------------------------------------------------------


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def change_a_weight(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [cut_short, change_a_weight, Path.unlink])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    damage: Callable[[Path], None], train_cli, stopped: Path, whole: Path
) -> None:
    damage(stopped / "last.ckpt")
    outcome = train_cli(f"resume={stopped}")
    assert outcome.code == 0, outcome
    assert outcome.err.count("\n") == 1
    assert f"{stopped / 'last.ckpt'}" in outcome.err
    assert "resuming from previous.ckpt, step 8" in outcome.err
    assert_same(stopped, whole)


def test_a_damaged_checkpoint_never_takes_the_place_of_a_good_one(
    train_cli, stopped: Path, at_step: Callable[..., None]
) -> None:
    cut_short(stopped / "last.ckpt")
    at_step(13, power_cut)  # after the checkpoint at 12
    with pytest.raises(PowerCut):
        train_cli(f"resume={stopped}")
    steps = [
        torch.load(stopped / name, weights_only=True)["global_step"]
        for name in ("previous.ckpt", "last.ckpt")
    ]
    assert steps == [8, 12]


def test_two_damaged_checkpoints_are_one_line(train_cli, stopped: Path) -> None:
    for name in ("last.ckpt", "previous.ckpt"):
        cut_short(stopped / name)
    outcome = train_cli(f"resume={stopped}")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert "previous.ckpt cannot be read (damaged" in outcome.err


def test_a_run_killed_between_training_and_report_is_finished(
    train_cli, stopped: Path, tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faststyle.train.finish.write_checkpoint", lambda *_: power_cut())
    with pytest.raises(PowerCut):
        train_cli(f"resume={stopped}")
    assert not (tmp_path / FINAL).exists()
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert train_cli("resume=latest").code == 0
    assert (tmp_path / FINAL).read_bytes() == (whole.parent / FINAL).read_bytes()
    assert "all its 24 steps" in train_cli("resume=latest").out


# --- which run --------------------------------------------------------------------------------


def test_latest_is_the_newest_run_of_that_style_with_steps_left(
    train_cli, stopped: Path, smoke_overrides: list[str], tmp_path: Path
) -> None:
    runs = stopped.parent
    for name in ("2030-01-01_00-00-00_2", "2030-01-01_00-00-00_10"):
        shutil.copytree(stopped, runs / name)
    (runs / "2031-01-01_00-00-00").mkdir()  # died before its first checkpoint
    for newest in (runs / "2030-01-01_00-00-00_10", runs / "2030-01-01_00-00-00_2"):
        assert f"resume=latest is {newest.relative_to(tmp_path)}" in train_cli("resume=latest").out
    outcome = train_cli("style=udnie", "resume=latest")
    assert outcome.code == 2
    assert "resume: no run of udnie in runs has a checkpoint" in outcome.err
