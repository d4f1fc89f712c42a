"""Picture files as people have them, and writing that never leaves half a file."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import noise_picture
from PIL import Image

from faststyle.errors import UserError
from faststyle.images import opening
from faststyle.images.formats import SAVE_OPTIONS
from faststyle.images.read import load_image
from faststyle.images.tensors import resize_long_edge, to_image, to_tensor, to_uint8_tensor
from faststyle.images.write import save_image

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def corners(image: Image.Image) -> list[object]:
    w, h = image.width - 1, image.height - 1
    return [image.getpixel(xy) for xy in ((0, 0), (w, 0), (0, h), (w, h))]


@pytest.fixture
def four_corners() -> Image.Image:
    """3 x 2, its corners red, green, blue, white."""
    image = Image.new("RGB", (3, 2))
    for xy, color in {(0, 0): RED, (2, 0): GREEN, (0, 1): BLUE, (2, 1): WHITE}.items():
        image.putpixel(xy, color)
    return image


# EXIF orientation -> where the file's top left, top right, ... corners belong when upright.
@pytest.mark.parametrize(
    ("orientation", "size", "upright"),
    [
        (1, (3, 2), [RED, GREEN, BLUE, WHITE]),
        (2, (3, 2), [GREEN, RED, WHITE, BLUE]),
        (3, (3, 2), [WHITE, BLUE, GREEN, RED]),
        (6, (2, 3), [BLUE, RED, WHITE, GREEN]),
        (8, (2, 3), [GREEN, WHITE, RED, BLUE]),
    ],
)
def test_photos_are_turned_upright(
    orientation: int,
    size: tuple[int, int],
    upright: list[object],
    four_corners: Image.Image,
    tmp_path: Path,
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    four_corners.save(tmp_path / "photo.png", exif=exif)
    loaded = load_image(tmp_path / "photo.png")
    assert loaded.size == size
    assert corners(loaded) == upright


def test_transparent_parts_become_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (3, 1), (255, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 255))
    image.putpixel((2, 0), (0, 0, 0, 51))  # a fifth black over white
    image.save(tmp_path / "logo.png")
    loaded = load_image(tmp_path / "logo.png")
    assert loaded.mode == "RGB"
    assert [loaded.getpixel((x, 0)) for x in range(3)] == [WHITE, (0, 0, 0), (204, 204, 204)]


def test_a_transparent_palette_entry_becomes_white(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([*RED, *BLUE])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "palette.gif", transparency=0)
    loaded = load_image(tmp_path / "palette.gif")
    assert [loaded.getpixel((x, 0)) for x in range(2)] == [WHITE, BLUE]


def test_palette_without_transparency(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([*RED, *BLUE])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "palette.png")
    loaded = load_image(tmp_path / "palette.png")
    assert [loaded.getpixel((x, 0)) for x in range(2)] == [RED, BLUE]


@pytest.mark.parametrize(("mode", "level"), [("L", 100), ("1", 1), ("LA", (100, 255))])
def test_grey_pictures_become_three_equal_channels(mode: str, level: int, tmp_path: Path) -> None:
    Image.new(mode, (2, 2), level).save(tmp_path / "grey.png")
    expected = 255 if mode == "1" else 100
    assert corners(load_image(tmp_path / "grey.png")) == [(expected,) * 3] * 4


def test_cmyk(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "print.jpg", quality=100)
    loaded = load_image(tmp_path / "print.jpg")
    assert loaded.mode == "RGB"
    red, green, blue = np.asarray(loaded).reshape(-1, 3).mean(0)
    assert red > 200
    assert green < 60
    assert blue < 60


def test_16_bit_grey_keeps_its_levels(tmp_path: Path) -> None:
    levels = np.array([[0, 257 * 100, 65535]], dtype=np.uint16)
    Image.fromarray(levels).save(tmp_path / "scan.png")
    loaded = load_image(tmp_path / "scan.png")
    assert [loaded.getpixel((x, 0)) for x in range(3)] == [(0,) * 3, (100,) * 3, (255,) * 3]


def test_one_pixel(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), RED).save(tmp_path / "dot.png")
    assert load_image(tmp_path / "dot.png").size == (1, 1)


def test_open_files_are_read_too() -> None:
    buffer = io.BytesIO()
    noise_picture(0).save(buffer, "PNG")
    buffer.seek(0)
    assert np.array_equal(np.asarray(load_image(buffer)), np.asarray(noise_picture(0)))


def test_a_smaller_scale_is_still_large_enough(tmp_path: Path) -> None:
    noise_picture(0, 800, 640).save(tmp_path / "large.jpg")
    loaded = load_image(tmp_path / "large.jpg", min_side=150)
    assert loaded.size == (200, 160)  # a quarter; an eighth would be 80 pixels high


# --- files that are no pictures ---------------------------------------------------------------


def truncated(path: Path) -> None:
    noise_picture(0, 200, 200).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGE: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "missing": (lambda path: None, "a.jpg", "no such picture"),
    "empty": (lambda path: path.write_bytes(b""), "a.jpg", "not a picture"),
    "text": (lambda path: path.write_text("dear diary"), "a.jpg", "not a picture"),
    "truncated jpg": (truncated, "a.jpg", "cannot read picture"),
    "truncated png": (truncated, "a.png", "cannot read picture"),
    "a folder": (lambda path: path.mkdir(), "a.jpg", "not a picture but a folder"),
}


@pytest.mark.parametrize("damage", sorted(DAMAGE))
def test_what_is_no_picture_is_named_in_one_line(damage: str, tmp_path: Path) -> None:
    make, name, message = DAMAGE[damage]
    make(tmp_path / name)
    with pytest.raises(UserError, match=f"{message}.*{name}") as caught:
        load_image(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_decompression_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise_picture(0, 40, 40).save(tmp_path / "bomb.png")
    monkeypatch.setattr(opening, "PIXEL_LIMIT", 40 * 40 - 1)
    with pytest.raises(UserError, match=r"cannot read picture .*bomb\.png"):
        load_image(tmp_path / "bomb.png")


# --- tensors and sizes ------------------------------------------------------------------------


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
    assert tensor[:, 0, 2].tolist() == list(GREEN)


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


# --- writing ----------------------------------------------------------------------------------


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
