"""Files that are not style checkpoints are refused in one line."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from faststyle.checkpoints.header import METADATA_KEY
from faststyle.checkpoints.style_checkpoint import FORMAT
from faststyle.networks.transform_net import TransformNet
from tests.support.hostile import Calls, refusal, rewrite
from tests.support.networks import TINY_METADATA, TINY_NETWORK
from tests.support.pictures import noise_picture


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
    rewrite(checkpoint, lambda metadata, _: metadata.update(format=FORMAT + 1))
    message = refusal(checkpoint)
    assert f"format {FORMAT + 1}" in message
    assert f"reads format {FORMAT}" in message


@pytest.mark.parametrize("text", ["not json", "[1, 2]", '"text"'])
def test_metadata_that_is_no_description(text: str, checkpoint: Path) -> None:
    save_file(load_file(checkpoint), checkpoint, metadata={METADATA_KEY: text})
    assert "not a readable style checkpoint" in refusal(checkpoint)


@pytest.mark.parametrize(
    "network",
    [
        {**TINY_NETWORK, "width": 8},
        {**TINY_NETWORK, "norm": "batch"},
        {"width": 4},
        {**TINY_NETWORK, "depth": 3},
    ],
)
def test_weights_of_another_architecture(network: dict[str, Any], checkpoint: Path) -> None:
    rewrite(checkpoint, lambda metadata, _: metadata.update(network=network))
    assert "weights do not fit its network" in refusal(checkpoint)


def test_metadata_without_a_network(checkpoint: Path) -> None:
    rewrite(checkpoint, lambda metadata, _: metadata.pop("network"))
    assert "network" in refusal(checkpoint)


def test_an_unknown_option_of_the_network(checkpoint: Path) -> None:
    rewrite(checkpoint, lambda metadata, _: metadata["network"].update(norm="layer"))
    assert "network.norm: 'layer' is not one of instance, batch" in refusal(checkpoint)


def test_a_malicious_ckpt_is_refused_and_not_run(net: TransformNet, tmp_path: Path) -> None:
    proof = tmp_path / "executed"
    state = {f"transform_net.{key}": value for key, value in net.state_dict().items()}
    metadata = {"format": FORMAT, **TINY_METADATA}
    contents = {"state_dict": state, METADATA_KEY: metadata, "extra": Calls(Path.touch, proof)}
    torch.save(contents, tmp_path / "evil.ckpt")
    (tmp_path / "plain.ckpt").write_bytes(pickle.dumps(contents))
    for name in ("evil.ckpt", "plain.ckpt"):
        assert "not a readable run checkpoint" in refusal(tmp_path / name)
        assert not proof.exists()


@pytest.mark.parametrize("contents", [{}, {"state_dict": {}}, [1], torch.ones(2)])
def test_a_ckpt_of_something_else(contents: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(contents, tmp_path / "other.ckpt")
    assert "not a readable run checkpoint" in refusal(tmp_path / "other.ckpt")
