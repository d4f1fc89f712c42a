"""Painting in strips against painting the whole: the same picture, in little memory."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from conftest import TINY_NETWORK, noise_picture
from torch import Tensor

from faststyle.errors import UserError
from faststyle.images.tensors import to_tensor
from faststyle.networks.transform_net import TransformNet
from faststyle.rendering import forward as painting
from faststyle.rendering.activation_store import ActivationStore
from faststyle.rendering.canvas import ImageCanvas, TensorCanvas
from faststyle.rendering.forward import (
    MAX_STRIP_ROWS,
    MIN_STRIP_ROWS,
    MemoryPlan,
    plan_memory,
    stylize_canvas,
)
from faststyle.rendering.strips import Moments

CPU = torch.device("cpu")


def network(seed: int = 0, **changes) -> TransformNet:
    torch.manual_seed(seed)
    net = TransformNet(**TINY_NETWORK | changes).eval()
    for name, value in net.named_parameters():
        if name.endswith("bias"):  # zero at the start, which would hide mistakes
            torch.nn.init.normal_(value, std=0.3)
    for name, value in net.named_buffers():
        if "running" in name:
            torch.nn.init.uniform_(value, 0.5, 1.5)
    return net


def photo(height: int, width: int) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(1))


@torch.inference_mode()
def both_ways(net: TransformNet, picture: Tensor, how: MemoryPlan) -> float:
    """Largest difference of a pixel between painting in strips and painting the whole."""
    source = TensorCanvas(picture)
    whole, parts = source.blank(), source.blank()
    painting.stylize_whole(net, source, whole, CPU)
    parts.tensor.fill_(float("nan"))
    painting.stylize_in_strips(net, source, parts, CPU, how)
    return float((whole.tensor - parts.tensor).abs().max())


@pytest.mark.parametrize("strip_rows", [1, 16, 24, 50, 1000])
@pytest.mark.parametrize("size", [(1, 60), (60, 1), (3, 3), (97, 41), (64, 64), (130, 75)])
def test_strips_equal_the_whole(size: tuple[int, int], strip_rows: int) -> None:
    assert both_ways(network(), photo(*size), MemoryPlan(strip_rows)) < 1e-5


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
    assert both_ways(network(**changes), photo(90, 70), MemoryPlan(strip_rows)) < 1e-5


def test_strips_with_activations_in_a_file() -> None:
    assert both_ways(network(), photo(90, 70), MemoryPlan(20, stores_in_file=True)) < 1e-5


def test_statistics_gathered_in_strips_are_those_of_the_whole() -> None:
    # A mean far above the spread is where sums of squares go wrong.
    x = 1000 + torch.randn(1, 2, 50, 30, generator=torch.Generator().manual_seed(0))
    moments = Moments()
    for start, stop in pairwise([0, 7, 30, 31, 50]):
        moments.add(x[:, :, start:stop])
    variance, mean = torch.var_mean(x.double(), (0, 2, 3), correction=0)
    torch.testing.assert_close(moments.mean, mean, rtol=1e-7, atol=0)
    torch.testing.assert_close(moments.variance, variance, rtol=1e-4, atol=0)


def test_the_plan_follows_the_memory() -> None:
    small, large = (1000, 1000), (10_000, 10_000)
    assert plan_memory(*small, 16, 8e9) == MemoryPlan(None)
    assert plan_memory(*large, 16, 200e9) == MemoryPlan(None)
    assert plan_memory(*large, 16, 12e9) == MemoryPlan(MAX_STRIP_ROWS)
    in_file = plan_memory(*large, 16, 3e9)
    assert in_file.stores_in_file
    assert in_file.strip_rows is not None
    assert in_file.strip_rows > MIN_STRIP_ROWS
    # Too little for anything still paints, with as little as there can be.
    assert plan_memory(*large, 16, 0) == MemoryPlan(MIN_STRIP_ROWS, stores_in_file=True)


def test_more_memory_never_means_smaller_strips() -> None:
    rows = [plan_memory(8000, 9000, 32, gigabytes * 1e9).strip_rows for gigabytes in range(1, 40)]
    assert all(b is None or (a is not None and a <= b) or a is None for a, b in pairwise(rows))


def test_a_large_picture_is_painted_in_strips_and_said_so(caplog) -> None:
    picture = ImageCanvas(noise_picture(0, 90, 70))
    whole, parts = picture.blank(), picture.blank()
    with torch.inference_mode():
        stylize_canvas(network(), picture, whole, max_memory=8e9)
        assert not caplog.records
        with caplog.at_level("INFO", "faststyle"):
            stylize_canvas(network(), picture, parts, max_memory=1)
    assert "90 x 70 pixels are stylized in strips of 16 rows" in caplog.text
    difference = to_tensor(whole.image) - to_tensor(parts.image)
    assert difference.abs().max() < 1.01 / 255


def test_a_device_that_runs_out_of_memory_paints_in_strips(monkeypatch, caplog) -> None:
    def full(*_) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    picture = TensorCanvas(photo(40, 30))
    expected, canvas = picture.blank(), picture.blank()
    with torch.inference_mode(), caplog.at_level("INFO", "faststyle"):
        stylize_canvas(network(), picture, expected, 8e9)
        monkeypatch.setattr(painting, "stylize_whole", full)
        stylize_canvas(network(), picture, canvas, 8e9)
    torch.testing.assert_close(canvas.tensor, expected.tensor, rtol=0, atol=1e-5)
    assert "in strips" in caplog.text


def test_no_room_for_the_activations_is_one_line(monkeypatch) -> None:
    store = ActivationStore(8, 2, 4, in_file=True, device=CPU)
    store.close()

    class Full:
        def seek(self, position: int) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_file", Full())
    with pytest.raises(UserError, match="No space left on device; make room there, or set TMPDIR"):
        store.write(0, torch.zeros(1, 2, 1, 4))
