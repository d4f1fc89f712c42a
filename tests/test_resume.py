"""Going on with a run: to the same weights, from what is whole, and with nothing changed unsaid."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import compose_config, noise_picture, smoke
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor

from faststyle.checkpoints.run_folder import new_run_dir, newest_first
from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.train.checkpointing import DirectCheckpointIO
from faststyle.train.module import StyleTransfer
from faststyle.train.run import train

STEPS = 24
TRAINING = (f"trainer.max_steps={STEPS}", "trainer.checkpoint_every=4", "trainer.preview_every=6")
FINAL = Path("checkpoints") / "starry_night.safetensors"


class PowerCut(BaseException):
    """Ends a run as a kill does: nothing is saved on the way out."""


@pytest.fixture
def cut_at(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Arrange that something happens while a step is taken, once."""

    def arrange(step: int, what: Callable[[], object]) -> None:
        take_step = StyleTransfer.training_step

        def step_and_cut(self: StyleTransfer, photos: Tensor, batch_idx: int) -> Tensor:
            if self.global_step == step:
                monkeypatch.setattr(StyleTransfer, "training_step", take_step)
                what()
            return take_step(self, photos, batch_idx)

        monkeypatch.setattr(StyleTransfer, "training_step", step_and_cut)

    return arrange


def power_cut() -> None:
    raise PowerCut


def weights(run_dir: Path) -> dict[str, Tensor]:
    return torch.load(run_dir / "last.ckpt", weights_only=True)["state_dict"]


def assert_same(run_dir: Path, whole: Path) -> None:
    ours, theirs = weights(run_dir), weights(whole)
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    style = FINAL.name
    assert (run_dir / style).read_bytes() == (whole / style).read_bytes()


def curve(run_dir: Path, tag: str) -> list[tuple[int, float]]:
    log = EventAccumulator(str(run_dir))
    log.Reload()
    return [(event.step, event.value) for event in log.Scalars(tag)]


def the_run(tmp_path: Path) -> Path:
    (run_dir,) = (tmp_path / "runs" / "starry_night").iterdir()
    return run_dir


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, painting: Path, tiny_weights: Path) -> Path:
    """The folder of a run that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    train(compose_config([*smoke(painting, tiny_weights, folder), *TRAINING]), folder / "run", None)
    return folder / "run"


@pytest.fixture
def stopped(
    train_cli, smoke_overrides: list[str], tmp_path: Path, cut_at: Callable[..., None]
) -> Path:
    """The folder of a run that was told to stop in its tenth step."""
    cut_at(9, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert train_cli(*smoke_overrides, *TRAINING).code == 128 + signal.SIGTERM
    return the_run(tmp_path)


# --- the same weights -------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_that_died_goes_on_to_the_same_weights_and_curves(
    workers: int,
    train_cli,
    smoke_overrides: list[str],
    tmp_path: Path,
    cut_at: Callable[..., None],
    whole: Path,
) -> None:
    for step in (2, 11, 17):  # before the first checkpoint, and far from one, twice
        cut_at(step, power_cut)
        given = ["resume=latest", f"runs_dir={tmp_path / 'runs'}"] if step > 11 else []
        with pytest.raises(PowerCut):
            train_cli(*(given or [*smoke_overrides, *TRAINING]))
    (run_dir,) = newest_first(tmp_path / "runs", "starry_night")  # the first left no checkpoint
    outcome = train_cli(
        "resume=latest", f"runs_dir={tmp_path / 'runs'}", f"data.num_workers={workers}"
    )
    assert (outcome.code, outcome.err) == (0, "")
    assert f"resume=latest is {run_dir}" in outcome.out
    assert f"Going on at step 16 of {STEPS}" in outcome.out
    assert ("data.num_workers=2 (was 0)" in outcome.out) == (workers == 2)
    assert_same(run_dir, whole)
    assert (
        read_checkpoint(tmp_path / FINAL).metadata == read_checkpoint(whole.parent / FINAL).metadata
    )
    for tag in ("train/style_loss", "val/style_loss"):
        assert dict(curve(run_dir, tag)).items() >= dict(curve(whole, tag)).items()
        steps = [step for step, _ in curve(run_dir, tag)]
        assert steps == sorted(set(steps)), tag


@pytest.mark.parametrize("name", ["", "last.ckpt", "previous.ckpt"])
def test_a_stopped_run_goes_on_from_either_checkpoint(
    name: str, train_cli, stopped: Path, whole: Path
) -> None:
    outcome = train_cli(f"resume={stopped / name}")
    assert (outcome.code, outcome.err) == (0, "")
    start = 8 if name == "previous.ckpt" else 10
    assert f"Going on at step {start} of {STEPS}" in outcome.out
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
    assert "going on from previous.ckpt, step 8" in outcome.err
    assert_same(stopped, whole)


def test_a_damaged_checkpoint_never_takes_the_place_of_a_good_one(
    train_cli, stopped: Path, cut_at: Callable[..., None]
) -> None:
    cut_short(stopped / "last.ckpt")
    cut_at(13, power_cut)  # after the checkpoint at 12
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


def test_many_processes_never_share_a_new_folder(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: new_run_dir(tmp_path, "udnie"), range(40)))
    assert len(set(made)) == 40


# --- what may change on the way ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("trainer.max_steps=48", "trainer.max_steps=24, not 48; the learning rate falls to zero"),
        ("trainer.max_images=10", "trainer.max_images=None, not 10; the learning rate falls"),
        ("trainer.learning_rate=1", "trainer.learning_rate=0.005, not 1"),
        ("trainer.warmup_steps=1", "trainer.warmup_steps=50, not 1"),
        ("trainer.precision=bf16", "trainer.precision=32, not bf16"),
        ("data.image_size=64", "data.image_size=32, not 64"),
        ("data.num_images=9", "data.num_images=8, not 9"),
        ("experiment=quickstart", "data.num_images=8, not 2000"),
    ],
)
def test_what_matters_is_refused(change: str, said: str, train_cli, stopped: Path) -> None:
    before = (stopped / "config.yaml").read_bytes()
    outcome = train_cli(f"resume={stopped}", change)
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert f"resume: {stopped} was started with {said}" in outcome.err
    assert (stopped / "config.yaml").read_bytes() == before


def test_what_does_not_matter_may_change_and_is_said(
    train_cli, stopped: Path, whole: Path, smoke_overrides: list[str]
) -> None:
    """Also where the whole first command is given again."""
    outcome = train_cli(
        *smoke_overrides,
        *TRAINING,
        "resume=latest",
        "trainer.preview_every=12",
        "trainer.checkpoint_every=null",
        "trainer.checkpoint_minutes=1",
        "trainer.precision=auto",
    )
    assert (outcome.code, outcome.err) == (0, "")
    (line,) = [line for line in outcome.out.splitlines() if line.startswith("From here on")]
    assert "trainer.checkpoint_every=None (was 4)" in line
    assert "trainer.checkpoint_minutes=1 (was 10" in line
    assert "trainer.preview_every=12 (was 6)" in line
    assert line.count("(was") == 3
    assert all(torch.equal(weights(stopped)[key], value) for key, value in weights(whole).items())


def test_another_painting_or_batch_is_refused_though_its_name_may_change(
    train_cli, stopped: Path, tmp_path: Path, painting: Path
) -> None:
    shutil.copy(painting, tmp_path / "moved.png")
    other = tmp_path / "other.png"
    noise_picture(5).save(other)
    for change, said in {
        f"style.image={other}": "the painting's fingerprint (style.image) was ",
        "data.batch_size=4": "the batch of all processes together",
    }.items():
        outcome = train_cli(f"resume={stopped}", change)
        assert outcome.code == 2
        assert said in outcome.err
    outcome = train_cli(f"resume={stopped}", f"style.image={tmp_path / 'moved.png'}")
    assert outcome.code == 0
    assert "style.image=" in outcome.out


def test_photos_that_have_become_more_are_refused(
    train_cli,
    smoke_overrides: list[str],
    photo_dir: Path,
    tmp_path: Path,
    cut_at: Callable[..., None],
) -> None:
    shutil.copytree(photo_dir, tmp_path / "photos")
    data = ("data=folder", "data.path=photos", "data.num_images=null")
    cut_at(9, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert train_cli(*smoke_overrides, *TRAINING, *data).code == 128 + signal.SIGINT
    noise_picture(50).save(tmp_path / "photos" / "new.png")
    outcome = train_cli("resume=latest")
    assert outcome.code == 2
    assert "the number of photos was 8 when the run started, not 9" in outcome.err


# --- saving -----------------------------------------------------------------------------------


def test_checkpoints_by_the_clock(
    train_cli, smoke_overrides: list[str], tmp_path: Path, cut_at: Callable[..., None]
) -> None:
    cut_at(9, power_cut)
    by_time = ("trainer.checkpoint_every=null", "trainer.checkpoint_minutes=1e-6")
    with pytest.raises(PowerCut):
        train_cli(*smoke_overrides, *TRAINING, *by_time)
    run_dir = the_run(tmp_path)
    steps = [
        torch.load(run_dir / name, weights_only=True)["global_step"]
        for name in ("previous.ckpt", "last.ckpt")
    ]
    assert steps == [8, 9]


def test_a_signal_during_a_save_loses_nothing(
    train_cli,
    smoke_overrides: list[str],
    tmp_path: Path,
    whole: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save = DirectCheckpointIO.save_checkpoint

    def interrupt_and_save(self: DirectCheckpointIO, *args: Any, **kwargs: Any) -> None:
        monkeypatch.setattr(DirectCheckpointIO, "save_checkpoint", save)
        os.kill(os.getpid(), signal.SIGINT)
        save(self, *args, **kwargs)

    monkeypatch.setattr(DirectCheckpointIO, "save_checkpoint", interrupt_and_save)
    assert train_cli(*smoke_overrides, *TRAINING).code == 128 + signal.SIGINT
    run_dir = the_run(tmp_path)
    assert torch.load(run_dir / "last.ckpt", weights_only=True)["global_step"] in (4, 5)
    assert train_cli("resume=latest").code == 0
    assert_same(run_dir, whole)


def test_a_second_signal_ends_the_process_at_once(
    smoke_overrides: list[str], tmp_path: Path
) -> None:
    """In a process of its own: this one would be gone. The step it is in never ends."""
    hang = (
        "import os, signal, sys, time\n"
        "from faststyle.train.module import StyleTransfer\n"
        "from faststyle.train.run import main\n"
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
