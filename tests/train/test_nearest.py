"""init_from=nearest: the style with the lowest objective, recorded and resumed by its name."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from faststyle.checkpoints.style_checkpoint import read_checkpoint, write_checkpoint
from faststyle.config.train import TrainConfig
from faststyle.errors import UserError
from faststyle.networks.transform_net import TransformNet
from faststyle.train.build import build_content, build_module
from faststyle.train.inputs import read_style_image
from faststyle.train.nearest import start_from_nearest
from faststyle.train.run import train

MakeConfig = Callable[..., TrainConfig]


def save_style(name: str, config: TrainConfig, seed: int) -> TransformNet:
    """Write checkpoints/NAME.safetensors with a network of the run's arguments."""
    torch.manual_seed(seed)
    arguments = dataclasses.asdict(config.network)
    net = TransformNet(**arguments)
    metadata = {"network": arguments, "style": {"name": name}}
    write_checkpoint(Path("checkpoints") / f"{name}.safetensors", net, metadata)
    return net


@pytest.fixture
def config(make_config: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainConfig:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    return make_config("init_from=nearest", "trainer.max_steps=1")


def test_it_is_the_style_with_the_lowest_objective(config: TrainConfig) -> None:
    nets = {name: save_style(name, config, seed) for seed, name in enumerate("abcde")}
    module = build_module(config, read_style_image(config), None)
    photos = build_content(config).val_photos()
    loss = module.perceptual_loss
    with torch.no_grad():
        objectives = {
            name: float(loss(net(photos), loss.content_targets(photos))["total_loss"])
            for name, net in nets.items()
        }
    wanted = min(objectives, key=objectives.__getitem__)
    assert start_from_nearest(module, photos, config.network).name == wanted
    for key, value in module.transform_net.state_dict().items():
        torch.testing.assert_close(value, nets[wanted].state_dict()[key].half().float())


def test_the_run_records_its_name(
    config: TrainConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_style("only", config, 0)
    (tmp_path / "checkpoints" / "broken.safetensors").write_bytes(b"nothing")
    path = train(config, tmp_path / "run")
    assert "Starting from only, the nearest by the objective" in capsys.readouterr().out
    assert read_checkpoint(path).metadata["training"]["init_from"] == "only.safetensors"
    assert "init_from: only" in (tmp_path / "run" / "config.yaml").read_text()


def test_no_style_with_such_a_network_is_one_line(config: TrainConfig, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="init_from=nearest: no available style has this run's"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_whole_command_may_be_given_again_to_resume(
    config: TrainConfig, smoke_overrides: list[str], train_cli, at_step: Callable[..., None]
) -> None:
    save_style("only", config, 0)
    command = [*smoke_overrides, "init_from=nearest", "trainer.max_steps=4"]
    at_step(1, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert train_cli(*command).code == 128 + signal.SIGTERM
    outcome = train_cli(*command, "resume=latest")
    assert (outcome.code, outcome.err) == (0, "")
    assert "Resuming at step" in outcome.out
