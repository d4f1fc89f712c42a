"""Figures that follow viewers, on pictures whose right value is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from faststyle.evaluate.strokes import grid, stroke_contrast, viewer_figures
from faststyle.images.tensors import to_tensor
from tests.support.pictures import noise_picture

GRAY = torch.full((1, 3, 128, 144), 0.5)


def texture(seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    noise = torch.rand(1, 3, 16, 18, generator=generator)
    return torch.nn.functional.interpolate(noise, scale_factor=8, mode="bilinear")


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0, 2.0])
def test_stroke_contrast_is_the_ratio_of_contrasts(strength: float) -> None:
    style_image = 0.25 + 0.5 * texture(1)
    stylized = 0.5 + strength * (style_image - 0.5)
    assert stroke_contrast(stylized, GRAY, style_image) == pytest.approx(strength, abs=1e-4)


def test_stroke_contrast_counts_flat_areas_of_the_photo_only() -> None:
    photo, style_image = GRAY.clone(), texture(1)
    photo[..., 80:] = to_tensor(noise_picture(3, 64, 128))
    stylized = GRAY.clone()
    stylized[..., 96:] = texture(2)[..., 96:]
    assert stroke_contrast(stylized, photo, style_image) == pytest.approx(0, abs=1e-4)
    stylized[..., :80] = style_image[..., :80]
    assert stroke_contrast(stylized, photo, style_image) == pytest.approx(1, abs=0.3)


def test_stroke_contrast_ignores_fine_grain_and_slow_gradients() -> None:
    style_image = texture(1)
    board = ((torch.arange(128)[:, None] + torch.arange(144)) % 2 - 0.5).expand(1, 3, -1, -1)
    gradient = torch.linspace(0.25, 0.75, 144).expand(1, 3, 128, 144)
    for other in (0.5 + 0.5 * board, gradient):
        assert stroke_contrast(other, GRAY, style_image) < 0.1


@pytest.mark.parametrize("period", [2.5, 4.0, 6.0])
@pytest.mark.parametrize("angle", [0.0, 30.0, 45.0, 90.0])
def test_grid_is_all_of_a_wave_in_any_direction(period: float, angle: float) -> None:
    down, across = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    phase = torch.arange(128)[:, None] * down + torch.arange(144) * across
    wave = (0.5 + 0.4 * torch.cos(2 * math.pi / period * phase)).expand(1, 3, -1, -1)
    assert grid(wave) > 0.9


def test_grid_rises_with_a_grid_and_is_small_without() -> None:
    noise = 0.25 + 0.5 * to_tensor(noise_picture(1, 144, 128))
    phase = 2 * math.pi / 5 * torch.arange(144)
    found = [grid(noise + strength * torch.cos(phase)) for strength in (0.0, 0.05, 0.1, 0.2)]
    assert found == sorted(found)
    assert found[0] < 0.1
    assert found[-1] > 0.5
    assert grid(GRAY) == 0


def test_the_smallest_pictures_can_be_measured() -> None:
    picture = texture(1)[..., :32, :40]
    found = viewer_figures(picture, picture, picture[..., :9, :])
    assert set(found) == {"stroke_contrast", "grid"}
    assert all(math.isfinite(value) for value in found.values())
