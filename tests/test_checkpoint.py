"""The style checkpoint: what goes in comes out, and nothing foreign gets in."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import noise_picture
from safetensors.torch import load_file, save_file
from torch import Tensor

from faststyle.checkpoints.catalog import describe
from faststyle.checkpoints.header import METADATA_KEY
from faststyle.checkpoints.style_checkpoint import FORMAT, read_checkpoint, write_checkpoint
from faststyle.config.train import TrainConfig
from faststyle.errors import UserError
from faststyle.networks.transform_net import TransformNet
from faststyle.rendering.stylizer import load_style
from faststyle.train.run import train

NETWORK = {
    "width": 4,
    "num_residual_blocks": 1,
    "norm": "instance",
    "padding": "reflect",
    "upsample": "nearest",
    "output": "sigmoid",
}
METADATA: dict[str, Any] = {
    "style": {"name": "tiny", "title": "Tiny", "artist": None, "image_sha256": "ab" * 32},
    "network": NETWORK,
    "loss": {"style_layers": ["relu1_1", "relu2_1"], "style_weight": 5.0},
    "training": {"steps": 3, "learning_rate": 0.003},
    "metrics": {"val/style_loss": 0.123456},
}


@pytest.fixture
def net() -> TransformNet:
    torch.manual_seed(0)
    return TransformNet(**NETWORK)  # type: ignore[arg-type]


@pytest.fixture
def checkpoint(net: TransformNet, tmp_path: Path) -> Path:
    path = tmp_path / "tiny.safetensors"
    write_checkpoint(path, net, METADATA)
    return path


def test_round_trip(net: TransformNet, checkpoint: Path) -> None:
    read = read_checkpoint(checkpoint)
    assert read.metadata == {"format": FORMAT, **METADATA}
    expected = {key: value.half().float() for key, value in net.state_dict().items()}
    got = read.build().state_dict()
    assert got.keys() == expected.keys()
    assert all(torch.equal(got[key], expected[key]) for key in expected)


def test_a_file_of_half_precision_and_one_json_entry(checkpoint: Path) -> None:
    assert {value.dtype for value in load_file(checkpoint).values()} == {torch.float16}
    assert checkpoint.stat().st_size < 100_000
    assert [path.name for path in checkpoint.parent.iterdir()] == ["tiny.safetensors"]


def test_built_for_use_not_for_training(checkpoint: Path) -> None:
    net = read_checkpoint(checkpoint).build()
    assert not net.training
    assert {parameter.dtype for parameter in net.parameters()} == {torch.float32}


def test_batch_norm_statistics_are_kept(tmp_path: Path) -> None:
    arguments = {**NETWORK, "norm": "batch"}
    net = TransformNet(**arguments)  # type: ignore[arg-type]
    net(torch.rand(2, 3, 16, 16))  # moves the running statistics
    write_checkpoint(tmp_path / "batch.safetensors", net, {**METADATA, "network": arguments})
    built = read_checkpoint(tmp_path / "batch.safetensors").build()
    photo = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(built(photo), net.eval()(photo), rtol=0, atol=1 / 255)


def test_half_precision_cannot_be_seen(net: TransformNet, checkpoint: Path) -> None:
    photo = torch.rand(1, 3, 40, 40)
    difference = read_checkpoint(checkpoint).build()(photo) - net.eval()(photo)
    assert difference.abs().max() < 1 / 255


def test_description_is_for_people(checkpoint: Path) -> None:
    lines = describe(read_checkpoint(checkpoint).metadata).splitlines()
    assert "style:" in lines
    assert "  title: Tiny" in lines
    assert "  style_layers: relu1_1, relu2_1" in lines
    assert "  val/style_loss: 0.1235" in lines
    assert not any("None" in line or "artist" in line for line in lines)


def test_metadata_of_a_training_run(
    make_config: Callable[..., TrainConfig], tmp_path: Path, painting: Path
) -> None:
    path = train(make_config("seed=3"), tmp_path / "run", None)
    metadata = read_checkpoint(path).metadata
    assert metadata["format"] == FORMAT
    assert metadata["style"]["title"] == "The Starry Night"
    assert metadata["style"]["artist"] == "Vincent van Gogh"
    assert metadata["style"]["image_sha256"] == hashlib.sha256(painting.read_bytes()).hexdigest()
    assert metadata["network"] == NETWORK
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


# --- files that are not ours ------------------------------------------------------------------


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_checkpoint(path).build()
    message = str(caught.value)
    assert "\n" not in message
    return message


def rewrite(path: Path, **changes: Any) -> None:
    """The same weights, with other metadata."""
    text = json.dumps({"format": FORMAT, **METADATA, **changes})
    save_file(load_file(path), path, metadata={METADATA_KEY: text})


def test_missing(tmp_path: Path) -> None:
    assert "no such checkpoint" in refusal(tmp_path / "nowhere.safetensors")
    assert "no such checkpoint" in refusal(tmp_path)


def test_foreign_safetensors(tmp_path: Path) -> None:
    save_file({"weight": torch.ones(2)}, tmp_path / "foreign.safetensors")
    assert "not a style checkpoint: no 'faststyle' metadata" in refusal(
        tmp_path / "foreign.safetensors"
    )


@pytest.mark.parametrize("keep", [0, 5, 500, -100])
def test_truncated(keep: int, checkpoint: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:keep])
    assert "tiny.safetensors: not a readable style checkpoint" in refusal(checkpoint)


@pytest.mark.parametrize("name", ["photo.safetensors", "photo.jpg", "photo"])
def test_no_safetensors_at_all(name: str, tmp_path: Path) -> None:
    noise_picture(0).save(tmp_path / "photo.png")
    (tmp_path / "photo.png").rename(tmp_path / name)
    assert "not a readable style checkpoint" in refusal(tmp_path / name)


def test_a_newer_format_names_both_versions(checkpoint: Path) -> None:
    rewrite(checkpoint, format=FORMAT + 1)
    message = refusal(checkpoint)
    assert f"format {FORMAT + 1}" in message
    assert f"reads format {FORMAT}" in message


@pytest.mark.parametrize("text", ["not json", "[1, 2]", '"text"'])
def test_metadata_that_is_no_description(text: str, checkpoint: Path) -> None:
    save_file(load_file(checkpoint), checkpoint, metadata={METADATA_KEY: text})
    assert "not a readable style checkpoint" in refusal(checkpoint)


@pytest.mark.parametrize(
    "network",
    [{**NETWORK, "width": 8}, {**NETWORK, "norm": "batch"}, {"width": 4}, {**NETWORK, "depth": 3}],
)
def test_weights_of_another_architecture(network: dict[str, Any], checkpoint: Path) -> None:
    rewrite(checkpoint, network=network)
    assert "weights do not fit its network" in refusal(checkpoint)


def test_metadata_without_a_network(checkpoint: Path) -> None:
    text = json.dumps({"format": FORMAT, "style": {"name": "tiny"}})
    # A copy: the file must not be overwritten under the tensors read from it.
    tensors = {key: value.clone() for key, value in load_file(checkpoint).items()}
    save_file(tensors, checkpoint, metadata={METADATA_KEY: text})
    assert "network" in refusal(checkpoint)


def test_an_unknown_option_of_the_network(checkpoint: Path) -> None:
    rewrite(checkpoint, network={**NETWORK, "norm": "layer"})
    assert "network.norm: 'layer' is not one of instance, batch" in refusal(checkpoint)


class Malicious:
    """Unpickled without care it makes a file."""

    def __init__(self, target: Path):
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.target,))


def test_a_malicious_ckpt_is_refused_and_not_run(net: TransformNet, tmp_path: Path) -> None:
    proof = tmp_path / "executed"
    state = {f"transform_net.{key}": value for key, value in net.state_dict().items()}
    metadata = {"format": FORMAT, **METADATA}
    contents = {"state_dict": state, METADATA_KEY: metadata, "extra": Malicious(proof)}
    torch.save(contents, tmp_path / "evil.ckpt")
    (tmp_path / "plain.ckpt").write_bytes(pickle.dumps(contents))
    for name in ("evil.ckpt", "plain.ckpt"):
        assert "not a readable run checkpoint" in refusal(tmp_path / name)
        assert not proof.exists()


@pytest.mark.parametrize("contents", [{}, {"state_dict": {}}, [1], torch.ones(2)])
def test_a_ckpt_of_something_else(contents: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(contents, tmp_path / "other.ckpt")
    assert "not a readable run checkpoint" in refusal(tmp_path / "other.ckpt")


# --- writing ----------------------------------------------------------------------------------


def test_unwritable(net: TransformNet, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match=r"cannot write .*file/tiny\.safetensors"):
        write_checkpoint(tmp_path / "file" / "tiny.safetensors", net, METADATA)


def test_a_folder_is_made_and_an_old_file_replaced(net: TransformNet, tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "tiny.safetensors"
    for steps in (1, 2):
        write_checkpoint(path, net, {**METADATA, "training": {"steps": steps}})
        assert read_checkpoint(path).metadata["training"]["steps"] == steps
    assert [file.name for file in path.parent.iterdir()] == [path.name]
