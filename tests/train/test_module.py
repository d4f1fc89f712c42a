"""What a training step sees and refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

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


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """What each step adds to its photos, in levels."""
    noises: list[Tensor] = []
    score = StyleTransfer.stylize_and_score

    def listen(self: StyleTransfer, photos: Tensor, noise: Tensor | None = None):
        if noise is not None:
            noises.append(255 * noise)
        return score(self, photos, noise)

    monkeypatch.setattr(StyleTransfer, "stylize_and_score", listen)
    return noises


def test_the_network_sees_gray_noise_of_another_strength_in_every_photo(
    make_config: MakeConfig, tmp_path: Path, seen: list[Tensor]
) -> None:
    train(make_config("data.grain=8", "trainer.max_steps=3"), tmp_path / "run", None)
    strengths = [float(noise.std()) for batch in seen for noise in batch]
    assert len(strengths) == 3 * 2
    assert all(0 < strength < 9 for strength in strengths)
    assert len({round(strength, 3) for strength in strengths}) == len(strengths)
    assert all(batch.shape[1] == 1 for batch in seen)
    again: list[Tensor] = list(seen)
    seen.clear()
    train(make_config("data.grain=8", "trainer.max_steps=3"), tmp_path / "again", None)
    assert all(torch.equal(one, other) for one, other in zip(again, seen, strict=True))


def test_grain_0_adds_nothing(make_config: MakeConfig, tmp_path: Path, seen: list[Tensor]) -> None:
    train(make_config("data.grain=0", "trainer.max_steps=1"), tmp_path / "run", None)
    assert not seen
