"""The styles that ship were trained with the settings in conf/."""

from __future__ import annotations

from pathlib import Path

import pytest

from faststyle.checkpoints.style_checkpoint import read_checkpoint
from scripts.gallery import train
from tests.support.checkout import SHIPPED
from tests.support.runs import compose_config


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_style_was_trained_with_the_settings_in_conf(path: Path) -> None:
    metadata = read_checkpoint(path).metadata
    config = compose_config(f"style={path.stem}", f"experiment={train.experiment_of(path.stem)}")
    training, style = metadata["training"], metadata["style"]
    for key in ("name", "title", "artist", "year", "rights", "size"):
        assert style[key] == getattr(config.style, key), key
    for section in ("network", "loss"):
        assert metadata[section] == vars(getattr(config, section)), section
    assert metadata["loss_network"]["name"] == config.loss_network.name
    assert metadata["loss_network"]["pooling"] == config.loss_network.pooling
    assert metadata["data"]["image_size"] == config.data.image_size
    assert training["steps"] == config.trainer.max_steps
    assert training["batch_size"] == config.data.batch_size
    assert training["learning_rate"] == config.trainer.learning_rate
    assert training["precision"] == config.trainer.precision
    assert training["photo_steps"] == config.trainer.photo_steps
    assert training["seed"] == config.seed
    if config.init_from is not None and "init_from" in training:
        assert training["init_from"] == f"{config.init_from}.safetensors"


def test_the_shipped_styles_are_small() -> None:
    assert "starry_night" in {path.stem for path in SHIPPED}
    assert sum(path.stat().st_size for path in SHIPPED) <= 25e6
