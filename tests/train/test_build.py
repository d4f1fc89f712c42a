"""Every formula, network and precision trains; init_from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.config.train import TrainConfig
from faststyle.errors import UserError
from faststyle.losses.functional import FORMULAS
from faststyle.rendering.stylizer import load_style
from faststyle.train.run import train
from tests.support.pictures import noise_picture
from tests.support.runs import training_state, weights_of

MakeConfig = Callable[..., TrainConfig]


@pytest.mark.parametrize("formula", sorted(FORMULAS))
def test_every_formula_trains(formula: str, make_config: MakeConfig, tmp_path: Path) -> None:
    config = make_config(f"loss={formula}", "trainer.max_steps=1")
    train(config, tmp_path / "run", None)
    assert training_state(tmp_path / "run")["global_step"] == 1
    metadata = read_checkpoint(tmp_path / "checkpoints" / "starry_night.safetensors").metadata
    assert metadata["loss"]["formula"] == formula


@pytest.mark.parametrize("network", ["johnson2016", "engstrom2016", "pytorch_examples"])
def test_every_network_of_the_literature_trains(
    network: str, make_config: MakeConfig, tmp_path: Path
) -> None:
    config = make_config(f"network={network}", "trainer.max_steps=1")
    checkpoint = train(config, tmp_path / "run", None)
    picture = load_style(checkpoint, "cpu")(noise_picture(3, 33, 21))
    assert picture.size == (33, 21)


def test_bf16_trains(make_config: MakeConfig, tmp_path: Path) -> None:
    train(make_config("trainer.precision=bf16", "trainer.max_steps=1"), tmp_path / "run", None)
    weights = weights_of(tmp_path / "run")
    assert all(
        value.dtype == torch.float32 and value.isfinite().all() for value in weights.values()
    )


def test_init_from_starts_from_other_weights(make_config: MakeConfig, tmp_path: Path) -> None:
    first = train(make_config(), tmp_path / "first", None)
    tiny_steps = ("trainer.learning_rate=1e-12", "seed=5", "trainer.max_steps=1")
    train(make_config(f"init_from={first}", *tiny_steps), tmp_path / "second", None)
    train(make_config(*tiny_steps), tmp_path / "afresh", None)
    old = {k: v.half() for k, v in weights_of(tmp_path / "first").items()}

    def distance(run: str) -> float:
        weights = weights_of(tmp_path / run)
        return max((weights[k].float() - old[k].float()).abs().max().item() for k in old)

    assert distance("second") < 1e-5
    assert distance("afresh") > 1e-2


def test_init_from_another_architecture_is_refused(make_config: MakeConfig, tmp_path: Path) -> None:
    first = train(make_config(), tmp_path / "first", None)
    with pytest.raises(UserError, match=r"init_from: .*'width': 4.*'width': 8.*same network"):
        train(make_config(f"init_from={first}", "network.width=8"), tmp_path / "second", None)
    assert not (tmp_path / "second").exists()
