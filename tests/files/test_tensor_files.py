"""Files of plain tensors are checked before their claims are believed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from faststyle.errors import UserError
from faststyle.losses.pretrained import build_loss_network, read_state_dict


def test_old_torch_files_are_read_and_their_claims_checked(files: dict[str, Path]) -> None:
    new, old = (read_state_dict(files[name]) for name in ("new.pth", "old.pth"))
    assert all(torch.equal(new[name], old[name]) for name in new)
    data = files["old.pth"].read_bytes()
    size = (64 * 27).to_bytes(2, "little")
    assert data.count(b"M" + size) >= 1
    files["old.pth"].write_bytes(data.replace(b"M" + size, b"J\x00\x00\x00\x40", 1))
    with pytest.raises(UserError, match=r"old\.pth is not a file of plain tensors \(its tensors"):
        read_state_dict(files["old.pth"])


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_loss_network_weights_that_are_not_finite(value: float, files: dict[str, Path]) -> None:
    state = read_state_dict(files["new.pth"])
    state["features.0.weight"][0] = value
    torch.save(state, files["new.pth"])
    with pytest.raises(UserError, match=r"new\.pth: features\.0\.weight holds values that are not"):
        build_loss_network("vgg19", ["relu1_1"], weights=str(files["new.pth"]), pooling="max")


def test_loss_network_weights_of_whole_numbers(files: dict[str, Path]) -> None:
    state = {name: value.int() for name, value in read_state_dict(files["new.pth"]).items()}
    torch.save(state, files["new.pth"])
    with pytest.raises(UserError, match=r"features\.0\.\w+ holds torch\.int32"):
        build_loss_network("vgg19", ["relu1_1"], weights=str(files["new.pth"]), pooling="max")
