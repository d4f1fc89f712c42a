"""Pictures as tensors, and their sizes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from faststyle.images.tensors import resize_long_edge, to_image, to_tensor, to_uint8_tensor


def test_pictures_survive_the_way_to_a_tensor_and_back() -> None:
    levels = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    picture = Image.fromarray(levels)
    tensor = to_tensor(picture)
    assert tensor.shape == (1, 3, 16, 16)
    assert tensor.dtype == torch.float32
    assert (tensor.min(), tensor.max()) == (0, 1)
    assert np.array_equal(np.asarray(to_image(tensor)), levels)
    assert np.array_equal(np.asarray(to_image(tensor[0])), levels)


def test_uint8_tensor_is_channels_first(four_corners: Image.Image) -> None:
    tensor = to_uint8_tensor(four_corners)
    assert tensor.shape == (3, 2, 3)
    assert tensor[:, 0, 2].tolist() == [0, 255, 0]


def test_values_outside_are_clamped_not_wrapped() -> None:
    image = to_image(torch.tensor([-0.5, 0.5, 1.5]).view(3, 1, 1))
    assert image.getpixel((0, 0)) == (0, 128, 255)


@pytest.mark.parametrize(
    ("size", "edge", "expected"),
    [
        ((100, 50), 20, (20, 10)),
        ((50, 100), 200, (100, 200)),
        ((1000, 1), 10, (10, 1)),
        ((7, 7), 7, (7, 7)),
    ],
)
def test_resize_long_edge(size: tuple[int, int], edge: int, expected: tuple[int, int]) -> None:
    assert resize_long_edge(Image.new("RGB", size), edge).size == expected


def test_shrinking_averages_and_does_not_pick_pixels() -> None:
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    small = np.asarray(resize_long_edge(Image.fromarray(stripes), 8))
    assert abs(small.astype(int) - 128).max() < 20
