"""Random crops of photos."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from faststyle.data.crops import LONGEST_ASPECT, Crops, random_crop, reject_odd_shape
from faststyle.data.sources import open_folder
from faststyle.errors import UserError
from tests.support.batches import Pictures

# --- crops ------------------------------------------------------------------------------------


def crops(folder: Path, seed: int = 0, size: int = 32) -> Crops:
    photos = open_folder(folder)
    return Crops(photos, np.arange(len(photos)), size, seed)


def test_a_crop_is_fixed_by_seed_and_position(photo_dir: Path) -> None:
    first, again = crops(photo_dir)[(4, 2)][0], crops(photo_dir)[(4, 2)][0]
    assert first.shape == (3, 32, 32)
    assert first.dtype == torch.uint8
    assert torch.equal(first, again)
    assert not torch.equal(first, crops(photo_dir)[(5, 2)][0])
    assert not torch.equal(first, crops(photo_dir, seed=1)[(4, 2)][0])


def test_half_of_the_crops_are_flipped() -> None:
    """Left dark, right light: a flip turns the gradient round."""
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    photo = Image.fromarray(np.broadcast_to(ramp[None, :, None], (64, 64, 3)).copy())
    flipped = 0
    for i in range(200):
        crop = np.asarray(random_crop(photo, 16, np.random.default_rng(i)), dtype=int)
        flipped += crop[:, 0].mean() > crop[:, -1].mean()
    assert 70 < flipped < 130


def test_crops_stay_inside_the_photo_and_fill_its_short_side() -> None:
    """Of a constant photo any crop is that constant: nothing from outside gets in."""
    photo = Image.new("RGB", (90, 40), (200, 100, 50))
    for i in range(50):
        crop = np.asarray(random_crop(photo, 32, np.random.default_rng(i)))
        assert crop.shape == (32, 32, 3)
        assert (crop == (200, 100, 50)).all()


def test_crops_are_antialiased() -> None:
    stripes = np.zeros((512, 512, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    crop = np.asarray(random_crop(Image.fromarray(stripes), 32, np.random.default_rng(0)))
    assert abs(crop.astype(int) - 128).max() < 25


# --- photos that cannot be used ---------------------------------------------------------------


@pytest.mark.parametrize("size", [(31, 300), (300, 31), (32, int(32 * LONGEST_ASPECT) + 1)])
def test_odd_shapes_are_rejected(size: tuple[int, int]) -> None:
    with pytest.raises(UserError, match=rf"{size[0]} x {size[1]} pixels"):
        reject_odd_shape(Image.new("RGB", size))
    reject_odd_shape(Image.new("RGB", (32, int(32 * LONGEST_ASPECT))))


# --- files ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [MemoryError(), PermissionError(13, "Permission denied"), struct.error("bad\nbytes")]
)
def test_whatever_a_decoder_raises_is_one_skipped_photo(error: Exception) -> None:
    def misbehave(index: int) -> None:
        if index == 2:
            raise error

    crops = Crops(Pictures(misbehave), np.arange(8), 32, seed=0)
    photo, skipped = crops[(0, 2)]
    assert photo.shape == (3, 32, 32)
    assert skipped == [f"photo 2: {type(error).__name__}: {error}".replace("\n", " ").strip()]
