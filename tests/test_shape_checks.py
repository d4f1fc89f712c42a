"""The shapes of signatures are checked in tests, and cost nothing outside of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from jaxtyping import TypeCheckError

from faststyle.losses.functional import gram, relative_error
from faststyle.networks.fast_conv import conv2d, upsample_conv2d
from faststyle.networks.transform_net import TransformNet
from tests.support.networks import TINY_NETWORK

WRONG = {
    "features without a batch": lambda: gram(torch.ones(3, 4, 4)),
    "integer features": lambda: gram(torch.ones(1, 3, 4, 4, dtype=torch.int64)),
    "integers to compare": lambda: relative_error(torch.ones(2, 3).int(), torch.ones(2, 3)),
    "an integer target": lambda: relative_error(torch.ones(2, 3), torch.ones(2, 3).int()),
    "a bias of other channels": lambda: conv2d(
        torch.ones(1, 3, 8, 8), torch.ones(4, 3, 3, 3), torch.ones(1)
    ),
    "kernels for other channels": lambda: upsample_conv2d(
        torch.ones(1, 3, 8, 8), torch.ones(4, 2, 3, 3), torch.ones(4), "zeros"
    ),
    "pictures of one channel": lambda: network()(torch.ones(1, 1, 16, 16)),
    "a picture without a batch": lambda: network()(torch.ones(3, 16, 16)),
}


def network(**changes: Any) -> TransformNet:
    arguments: dict[str, Any] = {**TINY_NETWORK, **changes}
    return TransformNet(**arguments).eval()


@pytest.mark.parametrize("call", WRONG)
def test_a_wrong_shape_fails(call: str) -> None:
    with pytest.raises(TypeCheckError):
        WRONG[call]()


@pytest.mark.parametrize("upsample", ["nearest", "transposed"])
@pytest.mark.parametrize("size", [(1, 1), (7, 12), (33, 18)])
def test_every_layer_keeps_to_its_shapes(upsample: str, size: tuple[int, int]) -> None:
    pictures = torch.rand(2, 3, *size)
    assert network(upsample=upsample)(pictures).shape == pictures.shape


def test_outside_of_tests_nothing_is_checked_nor_imported_for_it(tmp_path: Path) -> None:
    code = (
        "import sys, torch\n"
        "from faststyle.losses.functional import gram, johnson_total_variation\n"
        "print(johnson_total_variation(torch.ones(3, 4, 4)).item())\n"
        "print('beartype' in sys.modules, hasattr(gram, '__wrapped__'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0.0", "False", "False"]


def test_help_does_without_the_shape_library(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from faststyle.infer.command import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print('jaxtyping' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "False"
