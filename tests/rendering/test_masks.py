"""Masks, and several styles in one picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from faststyle.rendering.masks import composite, fit_mask

pytestmark = pytest.mark.usefixtures("small_blocks")


def plain(color: tuple[int, int, int]) -> Image.Image:
    return Image.new("RGB", (40, 30), color)


RED, GREEN, BLUE = (200, 30, 20), (10, 180, 40), (20, 30, 210)


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
