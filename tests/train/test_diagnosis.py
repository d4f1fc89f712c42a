"""Numbers that are not finite are traced to their origin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from faststyle.config.train import TrainConfig
from faststyle.errors import TrainingDiverged
from faststyle.train.diagnosis import first_not_finite
from faststyle.train.module import StyleTransfer
from faststyle.train.run import train
from tests.support.pictures import noise_batch

MakeConfig = Callable[..., TrainConfig]


def test_the_first_layer_that_is_not_finite_is_named(module: StyleTransfer) -> None:
    net = module.transform_net
    assert first_not_finite(net, noise_batch(32, 0, 1)) is None
    assert first_not_finite(net, noise_batch(32, 0, 1) * torch.nan) == "the photos"
    with torch.no_grad():
        net.decoder[2].bias.fill_(torch.finfo(torch.float32).max)  # type: ignore[union-attr]
        net.decoder[2].weight.fill_(1e38)  # type: ignore[union-attr]
    assert first_not_finite(net, noise_batch(32, 0, 1)) == "the output of decoder.2"
    net.residual[0].conv1.weight.data[0] = torch.nan  # type: ignore[union-attr]
    assert first_not_finite(net, noise_batch(32, 0, 1)) == "the weights of residual.0.conv1.weight"


@pytest.mark.parametrize(
    ("precision", "advice"),
    [
        ("16-mixed", "try trainer.precision=bf16"),
        ("bf16-mixed", "try a lower trainer.learning_rate (now "),
        ("32-true", "try a lower trainer.learning_rate (now "),
    ],
)
def test_overflow_suggests_what_helps(
    precision: str, advice: str, module: StyleTransfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Trainer:
        global_step = 7

    Trainer.precision = precision  # type: ignore[attr-defined]
    monkeypatch.setattr(StyleTransfer, "trainer", Trainer())
    monkeypatch.setattr(StyleTransfer, "global_step", 7)
    losses = {"total_loss": torch.tensor(torch.inf), "tv_loss": torch.tensor(1.0)}
    with pytest.raises(TrainingDiverged) as caught:
        module._check_finite(losses, noise_batch(32, 0, 1))
    message = str(caught.value)
    assert message.startswith("step 7: total_loss (from the loss network on) is not a finite")
    assert advice in message


def test_weights_lost_in_the_last_step_are_not_saved(
    make_config: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No step follows that could notice; the checkpoint before stays."""
    train(make_config("trainer.checkpoint_every=1"), tmp_path / "good", None)
    step = StyleTransfer.optimizer_step

    def spoil(self: StyleTransfer, *args: object, **kwargs: object) -> None:
        step(self, *args, **kwargs)  # type: ignore[arg-type]
        if self.global_step == 1:  # counted after it: the second and last
            self.transform_net.decoder[2].bias.data[0] = torch.nan  # type: ignore[union-attr]

    monkeypatch.setattr(StyleTransfer, "optimizer_step", spoil)
    with pytest.raises(TrainingDiverged, match=r"step 2: transform_net\.decoder\.2\.bias is not a"):
        train(make_config("trainer.checkpoint_every=1"), tmp_path / "bad", None)
    kept = torch.load(tmp_path / "bad" / "last.ckpt", weights_only=True)
    assert kept["global_step"] == 1
    assert all(value.isfinite().all() for value in kept["state_dict"].values())
