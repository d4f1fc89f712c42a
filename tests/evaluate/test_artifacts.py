"""Measures of artifacts on pictures with and without them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from faststyle.evaluate.artifacts import artifact_figures, border_error, checkerboard, clipped
from faststyle.images.tensors import to_tensor
from tests.support.networks import tiny_net
from tests.support.pictures import noise_picture


def strokes(seed: int, height: int = 128, width: int = 144) -> Tensor:
    """Noise smeared along one direction: oriented detail without a period."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(1, 3, height + 16, width + 16, generator=generator)
    kernel = torch.eye(9)[None, None].repeat(3, 1, 1, 1) / 9
    smeared = torch.nn.functional.conv2d(noise, kernel, groups=3)[..., :height, :width]
    return (0.5 + 0.3 * smeared).clamp(0, 1)


def test_checkerboard_rises_with_a_checkerboard() -> None:
    picture = 0.25 + 0.5 * to_tensor(noise_picture(1, 144, 128))
    board = (torch.arange(128)[:, None] + torch.arange(144)) % 2 - 0.5
    found = [checkerboard(picture + strength * board) for strength in (0.0, 0.1, 0.2, 0.4)]
    assert found == sorted(found)
    assert found[-1] > 0.8
    assert found[0] < 0.05


def test_checkerboard_is_all_or_nothing_on_pure_pictures() -> None:
    columns = (torch.arange(96) % 4 < 2).float().expand(1, 3, 96, 96)
    assert checkerboard(columns) == pytest.approx(1, abs=0.01)
    assert checkerboard(torch.full((1, 3, 96, 96), 0.5)) == 0


@pytest.mark.parametrize("seed", range(3))
def test_checkerboard_tells_transposed_convolution_from_strokes_and_edges(seed: int) -> None:
    photo = to_tensor(noise_picture(seed, 144, 128))
    edges = (photo > 0.5).float()
    with torch.no_grad():
        nearest, transposed = (
            tiny_net(seed, upsample=up).eval()(photo) for up in ("nearest", "transposed")
        )
    for clean in (strokes(seed), edges, nearest):
        assert checkerboard(clean) < 0.05
    assert checkerboard(transposed) > 0.15


def test_border_error_sees_a_frame() -> None:
    photo, stylized = to_tensor(noise_picture(1, 144, 128)), strokes(1)
    framed = stylized.clone()
    framed[..., :2, :] = framed[..., -2:, :] = 0
    framed[..., :2] = framed[..., -2:] = 0
    assert border_error(stylized, photo) < 2
    assert border_error(framed, photo) > 4


def test_clipped_counts_what_is_written_as_black_or_white() -> None:
    picture = torch.full((1, 3, 32, 32), 0.5)
    picture[:, 0] = 0.001
    picture[:, 1, :16] = 1.0
    assert clipped(picture) == pytest.approx(1 / 2)
    assert set(artifact_figures(picture, picture)) == {"stylized", "photo"}
