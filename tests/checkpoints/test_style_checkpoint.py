"""Style checkpoints: what goes in comes out."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from faststyle.checkpoints.style_checkpoint import FORMAT, read_checkpoint, write_checkpoint
from faststyle.errors import UserError
from faststyle.networks.transform_net import TransformNet
from tests.support.networks import TINY_METADATA, TINY_NETWORK, tiny_net


def test_a_checkpoint_keeps_both_ends(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "x.safetensors", tiny_net(0), TINY_METADATA, tiny_net(1))
    read = read_checkpoint(tmp_path / "x.safetensors")
    assert read.photo_end is not None
    for stored, net in ((read.state_dict, tiny_net(0)), (read.photo_end, tiny_net(1))):
        assert stored.keys() == net.state_dict().keys()
        for name, value in net.state_dict().items():
            torch.testing.assert_close(stored[name], value.half())


def test_round_trip(net: TransformNet, checkpoint: Path) -> None:
    read = read_checkpoint(checkpoint)
    assert read.metadata == {"format": FORMAT, **TINY_METADATA}
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
    arguments = {**TINY_NETWORK, "norm": "batch"}
    net = TransformNet(**arguments)  # type: ignore[arg-type]
    net(torch.rand(2, 3, 16, 16))  # moves the running statistics
    write_checkpoint(tmp_path / "batch.safetensors", net, {**TINY_METADATA, "network": arguments})
    built = read_checkpoint(tmp_path / "batch.safetensors").build()
    photo = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(built(photo), net.eval()(photo), rtol=0, atol=1 / 255)


def test_half_precision_cannot_be_seen(net: TransformNet, checkpoint: Path) -> None:
    photo = torch.rand(1, 3, 40, 40)
    difference = read_checkpoint(checkpoint).build()(photo) - net.eval()(photo)
    assert difference.abs().max() < 1 / 255


# --- writing ----------------------------------------------------------------------------------


def test_unwritable(net: TransformNet, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match=r"cannot write .*file/tiny\.safetensors"):
        write_checkpoint(tmp_path / "file" / "tiny.safetensors", net, TINY_METADATA)


def test_a_folder_is_made_and_an_old_file_replaced(net: TransformNet, tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "tiny.safetensors"
    for steps in (1, 2):
        write_checkpoint(path, net, {**TINY_METADATA, "training": {"steps": steps}})
        assert read_checkpoint(path).metadata["training"]["steps"] == steps
    assert [file.name for file in path.parent.iterdir()] == [path.name]
