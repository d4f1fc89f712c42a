"""Colour, masks and several styles in one picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conftest import noise_picture
from PIL import Image

from faststyle.errors import UserError
from faststyle.images.color import ColorMatch, color_statistics, luminance
from faststyle.images.tensors import to_tensor
from faststyle.rendering import canvas as canvas_module
from faststyle.rendering.canvas import ImageCanvas, TensorCanvas, row_blocks
from faststyle.rendering.effects import keep_colors
from faststyle.rendering.masks import composite, fit_mask


@pytest.fixture(autouse=True)
def small_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that tiny pictures are several strips."""
    monkeypatch.setattr(canvas_module, "BLOCK_PIXELS", 300)


def plain(color: tuple[int, int, int]) -> Image.Image:
    return Image.new("RGB", (40, 30), color)


RED, GREEN, BLUE = (200, 30, 20), (10, 180, 40), (20, 30, 210)


def test_row_blocks_cover_every_row_once() -> None:
    blocks = list(row_blocks(ImageCanvas(plain(RED))))
    rows = [row for start, stop in blocks for row in range(start, stop)]
    assert rows == list(range(30))
    assert len(blocks) > 3


def test_luminance_mode_keeps_the_photos_color_at_every_pixel() -> None:
    photo, painted = (to_tensor(noise_picture(i)) * 0.5 + 0.25 for i in range(2))
    canvas = TensorCanvas(painted.clone())
    keep_colors(canvas, TensorCanvas(photo), "luminance")
    torch.testing.assert_close(luminance(canvas.tensor), luminance(painted), atol=1e-5, rtol=0)
    assert (canvas.tensor - photo).diff(dim=1).abs().max() < 1e-5


def test_histogram_mode_takes_over_the_photos_range_of_colors() -> None:
    photo = to_tensor(noise_picture(0)) * torch.tensor([0.6, 0.3, 0.2]).view(3, 1, 1) + 0.2
    painted = to_tensor(noise_picture(1)) * torch.tensor([0.2, 0.3, 0.6]).view(3, 1, 1) + 0.2
    canvas = TensorCanvas(painted.clone())
    keep_colors(canvas, TensorCanvas(photo), "histogram")
    torch.testing.assert_close(luminance(canvas.tensor), luminance(painted), atol=1e-5, rtol=0)

    def chroma(picture):
        return (picture - luminance(picture)).mean((0, 2, 3))

    before = (chroma(painted) - chroma(photo)).norm()
    assert (chroma(canvas.tensor) - chroma(photo)).norm() < 0.1 * before


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


def test_an_unknown_color_mode_is_refused() -> None:
    picture = ImageCanvas(plain(RED))
    with pytest.raises(UserError, match=r"keep_color: 'luminence' .* did you mean 'luminance'"):
        keep_colors(picture, picture, "luminence")


# --- masks ------------------------------------------------------------------------------------


def half_mask(white_left: bool = True) -> Image.Image:
    mask = Image.new("L", (40, 30), 0 if white_left else 255)
    mask.paste(255 if white_left else 0, (0, 0, 20, 30))
    return mask


def test_white_is_painted_black_is_photo() -> None:
    result = np.asarray(composite(plain(RED), [(plain(BLUE), half_mask())]))
    assert (result[:, :20] == BLUE).all()
    assert (result[:, 20:] == RED).all()


def test_grey_mixes() -> None:
    mask = Image.new("L", (40, 30), 51)
    result = np.asarray(composite(plain((100, 100, 100)), [(plain((200, 0, 100)), mask)]))
    assert (result == (120, 80, 100)).all()


def test_two_styles_that_share_a_soft_edge_let_no_photo_through() -> None:
    left = fit_mask(half_mask(), (40, 30), invert=False, feather=0.1)
    right = Image.eval(left, lambda level: 255 - level)
    result = np.asarray(composite(plain(RED), [(plain(BLUE), left), (plain(GREEN), right)]), float)
    edge = result[15, 18:22]
    # On the line from blue to green, to rounding: no red.
    assert edge[:, 0].max() <= 21
    assert edge[:, 0].min() >= 9
    assert (np.diff(result[15, :, 1]) >= 0).all()


def test_overlapping_masks_share_a_pixel() -> None:
    white = Image.new("L", (40, 30), 255)
    result = composite(plain(RED), [(plain((0, 0, 100)), white), (plain((0, 0, 200)), white)])
    assert result.getpixel((3, 3)) == (0, 0, 150)


def test_a_mask_fits_any_photo() -> None:
    mask = fit_mask(half_mask(), (81, 60), invert=False, feather=0)
    assert mask.size == (81, 60)
    assert mask.getpixel((2, 2)) == 255
    assert mask.getpixel((79, 2)) == 0
    inverted = fit_mask(half_mask(), (81, 60), invert=True, feather=0)
    assert np.asarray(inverted).astype(int)[5, 5] == 0


def test_feathering_softens_the_edge_only() -> None:
    hard = np.asarray(fit_mask(half_mask(), (400, 300), invert=False, feather=0), int)
    soft = np.asarray(fit_mask(half_mask(), (400, 300), invert=False, feather=0.01), int)
    assert np.abs(np.diff(soft[150])).max() < np.abs(np.diff(hard[150])).max()
    assert (soft[:, :150] == 255).all()
    assert (soft[:, 250:] == 0).all()
