"""Networks of pytorch/examples give the same pictures here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.commands import Outcome, one_line
from tests.support.peers import SIZES, examples_picture, examples_state, painted, photo

Run = Callable[..., Outcome]


# --- the same picture ----------------------------------------------------------------------------


@pytest.mark.parametrize("stale", [False, True], ids=["plain", "running stats"])
@pytest.mark.parametrize(("width", "num_blocks"), [(3, 5), (8, 1), (5, 0)])
def test_pytorch_examples(run: Run, width: int, num_blocks: int, stale: bool) -> None:
    state = examples_state(width, num_blocks, stale)
    torch.save(state, "their.model")
    assert run("their.model").code == 0
    for size in SIZES:
        expected = examples_picture(state, photo(*size))
        assert expected.std() > 0.1
        difference = painted(Path("checkpoints/theirs.safetensors"), photo(*size)) - expected
        assert difference.abs().max() < 1e-4


def test_files_of_old_torch_and_in_half_precision(run: Run) -> None:
    state = {name: value.half() for name, value in examples_state(4, 1).items()}
    torch.save(state, "old.pth", _use_new_zipfile_serialization=False)
    assert run("old.pth").code == 0
    expected = examples_picture({k: v.float() for k, v in state.items()}, photo(32, 32))
    difference = painted(Path("checkpoints/theirs.safetensors"), photo(32, 32)) - expected
    assert difference.abs().max() < 1e-4


# --- what is no such network ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"in4.bias": None}, "in4.bias is missing"),
        ({"res1.conv2.conv2d.weight": None}, "res1.conv2.conv2d.weight is missing"),
        ({"in6.bias": torch.zeros(4)}, "in6.bias is surplus"),
        ({"conv1.conv2d.weight": torch.zeros(())}, "is a single number, expected 4 x 3 x 9 x 9"),
        ({"conv1.conv2d.bias": torch.zeros(9)}, "4 x 3 x 9 x 9, expected 9 x 3 x 9 x 9"),
        ({"conv1.conv2d.bias": torch.zeros(0)}, "expected 0 x 3 x 9 x 9"),
        ({"conv2.conv2d.weight": torch.zeros(8, 4, 5, 5)}, "8 x 4 x 5 x 5, expected 8 x 4 x 3"),
        ({"in1.bias": torch.full((4,), torch.nan)}, "values that are not finite numbers"),
        ({"in1.bias": torch.zeros(4, dtype=torch.int64)}, "holds torch.int64"),
        ({"in1.bias": "text"}, "it is not a state dict"),
        ({"\x1b[2J": torch.zeros(1)}, r"'\x1b[2J' is surplus"),
        ({"in1.bias": torch.zeros(1).expand(100_000)}, "its tensors take 4"),
    ],
    ids=str,
)
def test_damaged_state_dicts(run: Run, changes: dict[str, Any], message: str) -> None:
    state = {k: v for k, v in (examples_state(4, 1) | changes).items() if v is not None}
    torch.save(state, "their.model")
    assert message in one_line(run("their.model"))
    assert not Path("checkpoints").exists()
