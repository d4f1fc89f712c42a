"""Stylizing in strips gives the picture that stylizing the whole gives."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from faststyle.networks.transform_net import TransformNet
from faststyle.rendering import forward
from faststyle.rendering.canvas import TensorCanvas
from faststyle.rendering.forward import MemoryPlan
from faststyle.rendering.strips import Moments
from tests.support.networks import random_net
from tests.support.pictures import random_photo

CPU = torch.device("cpu")


@torch.inference_mode()
def both_ways(net: TransformNet, picture: Tensor, how: MemoryPlan) -> float:
    """Largest difference of a pixel between painting in strips and painting the whole."""
    source = TensorCanvas(picture)
    whole, parts = source.blank(), source.blank()
    forward.stylize_whole(net, source, whole, CPU)
    parts.tensor.fill_(float("nan"))
    forward.stylize_in_strips(net, source, parts, CPU, how)
    return float((whole.tensor - parts.tensor).abs().max())


@pytest.mark.parametrize("strip_rows", [1, 16, 24, 50, 1000])
@pytest.mark.parametrize("size", [(1, 60), (60, 1), (3, 3), (97, 41), (64, 64), (130, 75)])
def test_strips_equal_the_whole(size: tuple[int, int], strip_rows: int) -> None:
    assert both_ways(random_net(), random_photo(*size), MemoryPlan(strip_rows)) < 1e-5


@pytest.mark.parametrize(
    "changes",
    [
        {"norm": "batch"},
        {"padding": "zero"},
        {"upsample": "transposed"},
        {"output": "tanh"},
        {"output": "linear", "padding": "zero", "upsample": "transposed"},
        {"output": "normed_tanh", "padding": "same", "upsample": "transposed"},
        {"padding": "same", "norm": "batch", "num_residual_blocks": 0},
        {"num_residual_blocks": 0},
    ],
    ids=str,
)
@pytest.mark.parametrize("strip_rows", [1, 20])
def test_every_network_can_be_painted_in_strips(changes: dict, strip_rows: int) -> None:
    assert both_ways(random_net(**changes), random_photo(90, 70), MemoryPlan(strip_rows)) < 1e-5


def test_strips_with_activations_in_a_file() -> None:
    assert both_ways(random_net(), random_photo(90, 70), MemoryPlan(20, stores_in_file=True)) < 1e-5


def test_statistics_gathered_in_strips_are_those_of_the_whole() -> None:
    # A mean far above the spread is where sums of squares go wrong.
    x = 1000 + torch.randn(1, 2, 50, 30, generator=torch.Generator().manual_seed(0))
    moments = Moments()
    for start, stop in pairwise([0, 7, 30, 31, 50]):
        moments.add(x[:, :, start:stop])
    variance, mean = torch.var_mean(x.double(), (0, 2, 3), correction=0)
    torch.testing.assert_close(moments.mean, mean, rtol=1e-7, atol=0)
    torch.testing.assert_close(moments.variance, variance, rtol=1e-4, atol=0)
