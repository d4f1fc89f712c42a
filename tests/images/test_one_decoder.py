"""The same file has the same pixels wherever it is read."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from faststyle.data.sources import open_folder
from faststyle.errors import UserError
from faststyle.images import opening
from faststyle.images.read import load_image, load_photo

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def swapped_profile() -> bytes:
    """An ICC profile in which red and green have changed places."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return srgb.replace(b"rXYZ", b"-XYZ").replace(b"gXYZ", b"rXYZ").replace(b"-XYZ", b"gXYZ")


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def off(picture: Image.Image, color: tuple[int, int, int]) -> int:
    return int(np.abs(np.asarray(picture, dtype=int) - color).max())


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
def test_profiles_count_in_training_too(name: str, tmp_path: Path) -> None:
    picture = Image.new("RGB", (64, 64), RED)
    picture.save(tmp_path / name, icc_profile=swapped_profile(), quality=100)
    assert off(load_photo(tmp_path / name).image, GREEN) < 8
    assert off(load_image(tmp_path / name), GREEN) < 8
    assert off(open_folder(tmp_path).load(0), GREEN) < 8


def test_profiles_count_in_jpegs_decoded_at_a_smaller_scale(tmp_path: Path) -> None:
    picture = Image.new("RGB", (640, 480), RED)
    picture.save(tmp_path / "a.jpg", icc_profile=swapped_profile())
    small = load_image(tmp_path / "a.jpg", min_side=100)
    assert small.size == (160, 120)
    assert off(small, GREEN) < 8


def test_inks_are_decoded_at_a_smaller_scale_too(tmp_path: Path) -> None:
    inks = Image.new("CMYK", (640, 480), (0, 255, 255, 0))
    inks.save(tmp_path / "a.jpg", quality=100)
    small = load_image(tmp_path / "a.jpg", min_side=100)
    assert (small.mode, small.size) == ("RGB", (160, 120))
    assert off(small, RED) < 8


@pytest.mark.parametrize("mode", ["RGBA", "LA", "RGB"])
def test_a_network_sees_the_photo_on_white(mode: str, tmp_path: Path) -> None:
    channels = noise(20, 30, len(mode))
    Image.fromarray(channels, mode).save(tmp_path / "a.png")
    photo, image = load_photo(tmp_path / "a.png"), load_image(tmp_path / "a.png")
    share = 1.0 if mode == "RGB" else channels[..., -1:] / 255
    colors = channels if mode == "RGB" else channels[..., :-1]
    expected = 255 - (255 - colors.astype(float)) * share
    assert np.abs(np.asarray(image) - expected).max() <= 1
    assert (photo.alpha is None) == (mode == "RGB")


def test_open_files_and_bytes_are_as_paths(tmp_path: Path) -> None:
    picture = Image.fromarray(noise(20, 30, 3))
    picture.save(tmp_path / "a.png", icc_profile=swapped_profile())
    expected = load_image(tmp_path / "a.png").tobytes()
    assert load_image(io.BytesIO((tmp_path / "a.png").read_bytes())).tobytes() == expected
    with (tmp_path / "a.png").open("rb") as file:
        assert load_image(file).tobytes() == expected
    assert expected != picture.tobytes()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"not a picture: picture is empty \(0 bytes\)"),
        (b"Dear diary", "not a picture: picture"),
        (b"\x89PNG\r\n\x1a\n", "cannot read picture picture: it is truncated or damaged"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "cannot read HEIC picture: first run pip install"),
    ],
)
def test_bytes_that_are_not_a_picture(
    data: bytes, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(UserError, match=message):
        load_image(io.BytesIO(data))


def test_a_scan_above_pillows_limit_is_a_style_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / "scan.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert load_image(tmp_path / "scan.png").size == (40, 40)
    monkeypatch.setattr(opening, "PIXEL_LIMIT", 40 * 40 - 1)
    with pytest.raises(UserError, match="it claims 40 x 40 pixels"):
        load_image(tmp_path / "scan.png")


def test_a_macs_metadata_is_named(tmp_path: Path) -> None:
    (tmp_path / "._a.jpg").write_bytes(b"\0\x05\x16\x07\0\x02\0\0Mac OS X        ")
    with pytest.raises(UserError, match=r"not a picture but what a Mac keeps beside one: .*\._a"):
        load_image(tmp_path / "._a.jpg")


def test_only_one_module_opens_picture_files() -> None:
    package = Path(opening.__file__).parents[1]
    openers = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"(?<!PIL\.)Image\.open\(", path.read_text(encoding="utf-8"))
    }
    in_memory = {"evaluate/plots.py"}  # what matplotlib has drawn
    assert openers == {"images/opening.py"} | in_memory
