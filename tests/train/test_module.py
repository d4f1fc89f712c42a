"""Losses that are not finite end a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from faststyle.config.train import TrainConfig
from faststyle.errors import TrainingDiverged
from faststyle.train.module import StyleTransfer
from faststyle.train.run import train

MakeConfig = Callable[..., TrainConfig]


def test_a_loss_that_is_not_finite_stops_with_step_term_and_hint(
    make_config: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StyleTransfer, "_learning_rate_factor", lambda self, step: 1e30)
    config = make_config("trainer.max_steps=5")
    with pytest.raises(
        TrainingDiverged,
        match=r"step 1: .*content_loss.* not a finite number; try a lower trainer\.learning_rate",
    ) as caught:
        train(config, tmp_path / "run", None)
    assert caught.value.exit_code == 1
    assert not (tmp_path / "checkpoints" / "starry_night.safetensors").exists()
