"""Writing pictures: by suffix, without loss, and never half a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from faststyle.errors import UserError
from faststyle.images.formats import SAVE_OPTIONS
from faststyle.images.read import load_photo
from faststyle.images.srgb import srgb_profile
from faststyle.images.write import photo_bytes, save_image, save_photo
from tests.support.awkward_files import CORNERS, SIZE, quarters, with_alpha
from tests.support.pictures import at_quarters, noise_picture


@pytest.mark.parametrize("suffix", [*SAVE_OPTIONS, ".JPG"])
def test_saved_by_suffix(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / "new" / f"picture{suffix}"
    picture = noise_picture(0)
    save_image(picture, path)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    with Image.open(path) as image:
        assert image.format == SAVE_OPTIONS[suffix.lower()]["format"]
        assert image.size == picture.size
        difference = np.asarray(image.convert("RGB"), dtype=int) - np.asarray(picture, dtype=int)
    assert abs(difference).mean() < 8
    if suffix in (".png", ".tif", ".tiff"):
        assert not difference.any()


@pytest.mark.parametrize("name", ["picture.xyz", "picture", "picture.gif"])
def test_unknown_suffixes_are_refused_before_anything_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"pictures are written as \.jpg, .*not "):
        save_image(noise_picture(0), tmp_path / "new" / name)
    assert list(tmp_path.iterdir()) == []


class FullDisk(Image.Image):
    """A picture whose encoder writes a little, then finds the disk full."""

    def save(self, fp, format=None, **options) -> None:
        fp.write(b"half a picture")
        raise OSError(28, "No space left on device")


def test_a_write_that_fails_leaves_the_old_picture_and_no_half_one(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    save_image(noise_picture(0), path)
    before = path.read_bytes()
    with pytest.raises(UserError, match=r"cannot write .*picture\.png: No space left"):
        save_image(FullDisk(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_unwritable_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot write"):
        save_image(noise_picture(0), tmp_path / "file" / "picture.png")


@pytest.mark.parametrize("suffix", SAVE_OPTIONS)
def test_written_pictures_say_that_they_are_srgb(suffix: str, tmp_path: Path) -> None:
    save_photo(quarters(), tmp_path / f"a{suffix}")
    with Image.open(tmp_path / f"a{suffix}") as image:
        assert image.info["icc_profile"] == srgb_profile()
        assert image.size == SIZE


def test_lossless_formats_lose_nothing(tmp_path: Path) -> None:
    for suffix in (".png", ".tif"):
        save_photo(noise_picture(0), tmp_path / f"a{suffix}")
        image = load_photo(tmp_path / f"a{suffix}").image
        assert np.array_equal(np.asarray(image), np.asarray(noise_picture(0)))


@pytest.mark.parametrize("suffix", SAVE_OPTIONS)
def test_transparency_is_kept_or_put_on_white(suffix: str, tmp_path: Path) -> None:
    clear = with_alpha(quarters())
    image, alpha = clear.convert("RGB"), clear.getchannel("A")
    save_photo(image, tmp_path / f"a{suffix}", alpha=alpha)
    assert np.array_equal(np.asarray(image), np.asarray(quarters()))  # the caller's is untouched
    photo = load_photo(tmp_path / f"a{suffix}")
    if suffix in (".jpg", ".jpeg"):
        assert photo.alpha is None
        on_white = [
            [255 - (255 - level) * part / 255 for level in color]
            for color, part in zip(CORNERS, at_quarters(alpha), strict=True)
        ]
        assert np.abs(np.subtract(at_quarters(photo.image), on_white)).max() < 6
    else:
        assert photo.alpha is not None
        assert at_quarters(photo.alpha) == at_quarters(alpha)


def test_the_same_photo_gives_the_same_bytes(tmp_path: Path) -> None:
    for suffix in SAVE_OPTIONS:
        for name in ("a", "b"):
            save_photo(noise_picture(0), tmp_path / f"{name}{suffix}")
        a, b = (tmp_path / f"{name}{suffix}" for name in ("a", "b"))
        assert a.read_bytes() == b.read_bytes() == photo_bytes(noise_picture(0), suffix)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_bytes_have_all_that_a_file_has(suffix: str, tmp_path: Path) -> None:
    clear = with_alpha(quarters())
    image, alpha, exif = clear.convert("RGB"), clear.getchannel("A"), Image.Exif()
    exif[0x8298] = "someone"
    extras: Any = {"alpha": alpha, "exif": exif.tobytes()}
    save_photo(image, tmp_path / f"a{suffix}", **extras)
    written = photo_bytes(image, suffix, **extras)
    assert written == (tmp_path / f"a{suffix}").read_bytes()
    assert b"someone" in written
    with pytest.raises(UserError, match=r"cannot write picture\.bmp: pictures are written as"):
        photo_bytes(image, ".bmp")


@pytest.mark.parametrize(("suffix", "side"), [(".webp", 16384), (".jpg", 65501)])
def test_pictures_too_long_for_the_format(suffix: str, side: int, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"{side} x 1 and .* holds at most {side - 1} pixels"):
        save_photo(Image.new("RGB", (side, 1)), tmp_path / f"a{suffix}")
    assert list(tmp_path.iterdir()) == []
    save_photo(Image.new("RGB", (side - 1, 1)), tmp_path / f"a{suffix}")


def test_names_as_long_as_file_systems_allow(tmp_path: Path) -> None:
    for name in ("x" * 251 + ".png", "\U0001f3d6" * 62 + ".png"):
        save_photo(quarters(), tmp_path / name)
        assert load_photo(tmp_path / name).image.size == SIZE
