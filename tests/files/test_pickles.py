"""Pickles that call functions are refused and not run."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from faststyle.errors import UserError
from faststyle.losses.pretrained import read_state_dict
from tests.support.hostile import Calls, refusal


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (Calls(bytearray, 10**9), "bytearray"),  # torch lets it through: 1 GB
        (Calls(print, "run"), "print"),
    ],
)
def test_calls_are_refused_by_name(
    call: Calls, named: str, files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = files["tiny.ckpt"]
    contents = {"extra": call, **torch.load(path, weights_only=True)}
    torch.save(contents, path)
    assert f".{named}, and a file from elsewhere may run nothing" in refusal(path)
    path.write_bytes(pickle.dumps(contents))
    assert f".{named}, and a file" in refusal(path)
    torch.save(contents, files["old.pth"], _use_new_zipfile_serialization=False)
    with pytest.raises(UserError, match=f"it needs .*{named}, and"):
        read_state_dict(files["old.pth"])
    assert not capsys.readouterr().out
