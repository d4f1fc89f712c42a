"""How a picture is stylized follows the memory there is."""

from __future__ import annotations

from itertools import pairwise

import torch

from faststyle.images.tensors import to_tensor
from faststyle.rendering import forward
from faststyle.rendering.canvas import ImageCanvas, TensorCanvas
from faststyle.rendering.forward import (
    MAX_STRIP_ROWS,
    MIN_STRIP_ROWS,
    MemoryPlan,
    plan_memory,
    stylize_canvas,
)
from tests.support.networks import random_net
from tests.support.pictures import noise_picture, random_photo


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
        stylize_canvas(random_net(), picture, whole, max_memory=8e9)
        assert not caplog.records
        with caplog.at_level("INFO", "faststyle"):
            stylize_canvas(random_net(), picture, parts, max_memory=1)
    assert "90 x 70 pixels are stylized in strips of 16 rows" in caplog.text
    difference = to_tensor(whole.image) - to_tensor(parts.image)
    assert difference.abs().max() < 1.01 / 255


def test_a_device_that_runs_out_of_memory_paints_in_strips(monkeypatch, caplog) -> None:
    def full(*_) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    picture = TensorCanvas(random_photo(40, 30))
    expected, canvas = picture.blank(), picture.blank()
    with torch.inference_mode(), caplog.at_level("INFO", "faststyle"):
        stylize_canvas(random_net(), picture, expected, 8e9)
        monkeypatch.setattr(forward, "stylize_whole", full)
        stylize_canvas(random_net(), picture, canvas, 8e9)
    torch.testing.assert_close(canvas.tensor, expected.tensor, rtol=0, atol=1e-5)
    assert "in strips" in caplog.text
