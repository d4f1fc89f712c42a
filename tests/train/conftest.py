"""Runs that stop or die at a given step, and one that nothing interrupts."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from torch import Tensor

from faststyle.config.train import TrainConfig
from faststyle.train.build import build_module
from faststyle.train.inputs import read_style_image
from faststyle.train.module import StyleTransfer
from faststyle.train.run import train
from tests.support.runs import TRAINING, compose_config, smoke, the_run


@pytest.fixture
def at_step(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
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


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory, painting: Path, tiny_weights: Path) -> Path:
    """The folder of a run that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    train(compose_config(*smoke(painting, tiny_weights, folder), *TRAINING), folder / "run", None)
    return folder / "run"


@pytest.fixture
def stopped(
    train_cli, smoke_overrides: list[str], tmp_path: Path, at_step: Callable[..., None]
) -> Path:
    """The folder of a run that was told to stop in its tenth step."""
    at_step(9, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert train_cli(*smoke_overrides, *TRAINING).code == 128 + signal.SIGTERM
    return the_run(tmp_path)


MakeConfig = Callable[..., TrainConfig]


@pytest.fixture
def module(make_config: MakeConfig) -> StyleTransfer:
    config = make_config()
    return build_module(config, read_style_image(config), None)
