"""Color statistics, luminance and chroma."""

from __future__ import annotations

import torch
from torch import Tensor

from faststyle.images.color import LUMINANCE, ColorMatch, color_statistics, keep_color
from faststyle.images.tensors import to_tensor
from tests.support.pictures import noise_picture


def test_color_statistics_do_not_depend_on_strips() -> None:
    picture = to_tensor(noise_picture(2))
    whole, parts = color_statistics([picture]), color_statistics(picture.split(7, dim=2))
    torch.testing.assert_close(whole.mean, parts.mean)
    torch.testing.assert_close(whole.covariance, parts.covariance)
    colors = picture[0].flatten(1).double()
    torch.testing.assert_close(whole.mean, colors.mean(1))
    torch.testing.assert_close(whole.covariance, colors.cov(correction=0))


def test_a_match_of_equal_statistics_changes_nothing() -> None:
    picture = to_tensor(noise_picture(2))
    found = color_statistics([picture])
    torch.testing.assert_close(ColorMatch(found, found)(picture), picture, atol=1e-4, rtol=0)


def test_a_flat_painting_is_not_blown_up() -> None:
    flat, photo = torch.full((1, 3, 30, 40), 0.4), to_tensor(noise_picture(0))
    flat[..., 5, 5] += 1 / 255
    match = ColorMatch(color_statistics([flat]), color_statistics([photo]))
    assert match(flat).amax((2, 3)).sub(match(flat).amin((2, 3))).max() < 20 / 255


def test_keep_color_keeps_chroma_and_takes_luminance() -> None:
    stylized = 0.4 + 0.2 * to_tensor(noise_picture(7))
    photo = 0.4 + 0.2 * to_tensor(noise_picture(8))
    result = keep_color(stylized, photo)
    weights = torch.tensor(LUMINANCE).view(3, 1, 1)

    def luminance(x: Tensor) -> Tensor:
        return (x * weights).sum(1, keepdim=True)

    torch.testing.assert_close(luminance(result), luminance(stylized))
    torch.testing.assert_close(result - luminance(result), photo - luminance(photo))
    torch.testing.assert_close(keep_color(photo, photo), photo)
