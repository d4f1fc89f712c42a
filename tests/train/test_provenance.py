"""What a style checkpoint records of the run that made it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from faststyle.checkpoints.style_checkpoint import FORMAT, read_checkpoint
from faststyle.config.train import TrainConfig
from faststyle.rendering.stylizer import load_style
from faststyle.train.run import train
from tests.support.networks import TINY_NETWORK
from tests.support.pictures import noise_picture


def test_metadata_of_a_training_run(
    make_config: Callable[..., TrainConfig], tmp_path: Path, painting: Path
) -> None:
    path = train(make_config("seed=3"), tmp_path / "run", None)
    metadata = read_checkpoint(path).metadata
    assert metadata["format"] == FORMAT
    assert metadata["style"]["title"] == "The Starry Night"
    assert metadata["style"]["artist"] == "Vincent van Gogh"
    assert metadata["style"]["image_sha256"] == hashlib.sha256(painting.read_bytes()).hexdigest()
    assert metadata["network"] == TINY_NETWORK
    assert metadata["loss"]["style_layers"] == ["relu1_1", "relu2_1"]
    assert metadata["loss_network"]["name"] == "vgg19"
    assert metadata["data"]["source"] == "synthetic"
    assert metadata["training"]["steps"] == 2
    assert metadata["training"]["seed"] == 3
    assert metadata["metrics"]["val/style_loss"] > 0
    assert metadata["versions"]["torch"].startswith(torch.__version__.split("+")[0])
    text = path.read_bytes()
    assert str(tmp_path).encode() not in text  # nothing of whose computer it was made on

    # The training checkpoint of the same run is the same network.
    photo = noise_picture(9, 50, 30)
    from_style = np.asarray(load_style(path, "cpu")(photo), dtype=int)
    from_training = np.asarray(load_style(tmp_path / "run" / "last.ckpt", "cpu")(photo), dtype=int)
    assert abs(from_style - from_training).max() <= 1
