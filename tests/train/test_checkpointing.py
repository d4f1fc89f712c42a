"""Checkpoints of a run: when they are written, and that a stop loses nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.config.train import TrainConfig
from faststyle.train.checkpointing import DirectCheckpointIO
from faststyle.train.run import train
from tests.support.runs import (
    TRAINING,
    PowerCut,
    assert_same,
    power_cut,
    same,
    the_run,
    training_state,
    weights_of,
)

MakeConfig = Callable[..., TrainConfig]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_goes_on_to_the_same_weights(
    number: signal.Signals,
    make_config: MakeConfig,
    at_step: Callable[..., None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    finished = tmp_path / "checkpoints" / "starry_night.safetensors"
    config = make_config("trainer.max_steps=4", "data.num_images=5")  # an epoch ends on the way
    train(config, tmp_path / "whole", None)
    in_one_go, described = read_checkpoint(finished).build(), read_checkpoint(finished).metadata
    finished.write_bytes(b"of an earlier run")
    handler = signal.getsignal(signal.SIGINT)
    capsys.readouterr()

    stopped = tmp_path / "stopped"
    at_step(1, lambda: os.kill(os.getpid(), number))
    usable = train(config, stopped, None)
    printed = capsys.readouterr().out
    assert training_state(stopped)["global_step"] == 2
    assert finished.read_bytes() == b"of an earlier run"
    assert usable == stopped / "starry_night.safetensors"
    assert read_checkpoint(usable).metadata["training"]["steps"] == 2
    assert "Stopped at step 2" in printed
    assert f"python -m infer --ckpt {usable}" in printed
    assert f"python -m train resume={stopped}" in printed
    assert signal.getsignal(signal.SIGINT) == handler

    assert train(config, stopped, stopped / "last.ckpt") == finished
    assert training_state(stopped)["global_step"] == 4
    assert same(weights_of(stopped), weights_of(tmp_path / "whole"))
    again = read_checkpoint(finished)
    assert same(again.build().state_dict(), in_one_go.state_dict())
    assert again.metadata == described


def test_a_checkpoint_is_written_on_the_way(
    make_config: MakeConfig,
    tmp_path: Path,
    at_step: Callable[..., None],
) -> None:
    """A run that dies without warning leaves the last one."""
    at_step(3, power_cut)
    config = make_config("trainer.max_steps=6", "trainer.checkpoint_every=2")
    with pytest.raises(PowerCut):
        train(config, tmp_path / "run", None)
    assert training_state(tmp_path / "run")["global_step"] == 2
    checkpoint = read_checkpoint(tmp_path / "run" / "starry_night.safetensors")
    assert checkpoint.metadata["training"]["steps"] == 2


# --- saving -----------------------------------------------------------------------------------


def test_checkpoints_by_the_clock(
    train_cli, smoke_overrides: list[str], tmp_path: Path, at_step: Callable[..., None]
) -> None:
    at_step(9, power_cut)
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
