"""Grain: strokes where a picture is flat, and nothing changed where it is not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from faststyle import Stylizer, UserError, load_style
from faststyle.images.tensors import to_tensor
from faststyle.rendering.canvas import ImageCanvas, TensorCanvas
from faststyle.rendering.grain import GrainyPhoto, normal_noise, seed_of
from tests.support.pictures import noise_picture

WHITE = torch.ones(1, 3, 61, 83)


def gradient(height: int = 96, width: int = 80) -> Image.Image:
    """A sky as programs draw it: whole levels, the same along each row."""
    levels = np.linspace(90, 200, height).round().astype(np.uint8)
    return Image.fromarray(np.broadcast_to(levels[:, None, None], (height, width, 3)).copy())


def added(photo: Tensor, grain: float = 4.0) -> Tensor:
    """The noise that a photo gets, in levels."""
    return (GrainyPhoto(TensorCanvas(photo), grain).rows(0, photo.shape[2]) - photo) * 255


@pytest.mark.parametrize("photo", [WHITE, to_tensor(gradient())], ids=["paper", "drawn sky"])
def test_flat_areas_get_noise_of_the_given_strength(photo: Tensor) -> None:
    noise = added(photo)
    assert noise.std().item() == pytest.approx(4, rel=0.05)
    assert abs(noise.mean().item()) < 0.2
    assert torch.allclose(noise[:, 0], noise[:, 2], atol=1e-4)  # gray


def test_photos_with_a_texture_of_their_own_get_none() -> None:
    assert added(to_tensor(noise_picture(0, 64, 64))).abs().max() == 0
    camera = torch.round(128 + torch.randn(1, 3, 64, 64, generator=torch.manual_seed(0))) / 255
    assert added(camera).abs().mean() < 0.5


def test_a_drawing_on_paper_gets_it_on_the_paper_alone() -> None:
    photo = WHITE.clone()
    photo[..., 24:40, 32:56] = torch.rand(1, 3, 16, 24, generator=torch.manual_seed(0))
    noise = added(photo)
    assert noise[..., 28:36, 36:52].abs().max() == 0
    assert noise[..., :8, :].std() > 3.5


@pytest.mark.parametrize("rows", [1, 7, 8, 23])
def test_strips_get_the_same_grain_as_the_whole(rows: int) -> None:
    photo = to_tensor(gradient(61, 83))
    photo[..., 30:, 40:] = to_tensor(noise_picture(1, 83 - 40, 61 - 30))
    grainy = GrainyPhoto(TensorCanvas(photo), 4.0)
    strips = [grainy.rows(start, min(start + rows, 61)) for start in range(0, 61, rows)]
    assert torch.equal(torch.cat(strips, 2), grainy.rows(0, 61))


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (30, 1), (9, 8)])
def test_any_size(size: tuple[int, int]) -> None:
    photo = torch.full((1, 3, *size), 0.5)
    assert added(photo).shape == photo.shape
    assert added(photo).abs().max() > 0


def test_the_noise_is_normal_and_without_pattern() -> None:
    noise = torch.from_numpy(normal_noise(seed=7, start=0, stop=400, width=400))
    assert noise.mean().item() == pytest.approx(0, abs=0.01)
    assert noise.std().item() == pytest.approx(1, abs=0.01)
    assert (noise.abs() < 1).double().mean().item() == pytest.approx(0.683, abs=0.02)
    spectrum = torch.fft.rfft2(noise).abs()[1:, 1:] ** 2 / noise.numel()
    assert spectrum.max() < 20  # of white noise 1 on average, 80,000 exponential values
    assert not torch.equal(noise, torch.from_numpy(normal_noise(8, 0, 400, 400)))


def test_the_seed_is_the_pictures_whatever_holds_it() -> None:
    picture = noise_picture(5, 40, 50)
    assert seed_of(ImageCanvas(picture)) == seed_of(TensorCanvas(to_tensor(picture)))
    assert seed_of(ImageCanvas(picture)) != seed_of(ImageCanvas(noise_picture(6, 40, 50)))


@pytest.fixture(scope="module")
def style() -> Stylizer:
    return load_style("starry_night", "cpu")


def test_paper_is_stylized_with_strokes(style: Stylizer) -> None:
    """Without grain a bundled style makes one color of it."""
    drawing = torch.ones(1, 3, 200, 160)
    drawing[..., 180:190, 20:140] = 0
    with_grain, without = (
        style(drawing, grain=grain)[..., 30:130, 30:130].std(dim=(2, 3)).mean() * 255
        for grain in (4, 0)
    )
    assert with_grain > 8
    assert without < 2
    assert torch.equal(style(drawing), style(drawing, grain=4))


def test_grain_fades_with_the_strength(style: Stylizer) -> None:
    assert torch.equal(style(WHITE, 0), WHITE)
    low, full = (style(WHITE, s).std() for s in (0.25, 1.0))
    assert low < full / 2


@pytest.mark.parametrize("grain", [-1, 33, float("nan"), float("inf")])
def test_grain_out_of_range_is_refused(style: Stylizer, grain: float) -> None:
    with pytest.raises(UserError, match=r"grain: .* is not between 0"):
        style(WHITE, grain=grain)
