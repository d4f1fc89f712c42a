"""Picture files as people have them, read upright, in sRGB and in 8 bits."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from PIL import Image

from faststyle.errors import UserError
from faststyle.images import opening, read
from faststyle.images.read import load_image, load_photo
from tests.support.awkward_files import Awkward, write_awkward_files
from tests.support.pictures import BLUE, GREEN, RED, WHITE, at_quarters, noise_picture

# Pillow warns of metadata that is cut short or broken, which these files have on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:Corrupt EXIF data", "ignore:Truncated File Read")


def corners(image: Image.Image) -> list[object]:
    w, h = image.width - 1, image.height - 1
    return [image.getpixel(xy) for xy in ((0, 0), (w, 0), (0, h), (w, h))]


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


@pytest.fixture(scope="module")
def awkward_files(tmp_path_factory: pytest.TempPathFactory) -> list[Awkward]:
    return write_awkward_files(tmp_path_factory.mktemp("awkward"))


def complaint(file: Awkward) -> str:
    """What is wrong with how a file is read; empty if nothing is."""
    try:
        photo = load_photo(file.path)
    except UserError as error:
        text = str(error)
        if file.size is not None or file.says not in text or "\n" in text or file.name not in text:
            return f"refused: {text}"
        return ""
    if file.size is None:
        return "not refused"
    if photo.image.mode != "RGB" or photo.image.size != file.size:
        return f"{photo.image.mode} of {photo.image.size}"
    off = np.abs(np.subtract(at_quarters(photo.image), file.corners)).max()
    if off > file.tolerance:
        return f"colors are {off} levels off"
    if (photo.alpha and (photo.alpha.size, tuple(at_quarters(photo.alpha)))) != (
        file.alpha and (file.size, file.alpha)
    ):
        return "alpha"
    said = " ".join(photo.notes)
    return "" if file.says in said and bool(file.says) == bool(said) else f"says {said!r}"


def test_awkward_files(awkward_files: list[Awkward]) -> None:
    assert len(awkward_files) >= 40
    before = {file.name: file.path.read_bytes() for file in awkward_files if file.path.is_file()}
    wrong = {file.name: what for file in awkward_files if (what := complaint(file))}
    assert wrong == {}
    for file in awkward_files:
        if file.path.is_file():
            assert file.path.read_bytes() == before[file.name], file.name


def test_opaque_files_without_metadata_have_neither(awkward_files: list[Awkward]) -> None:
    photo = load_photo(awkward_files[0].path)
    assert (photo.alpha, photo.exif, photo.notes, photo.image.info) == (None, None, (), {})


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Without root's right to read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)  # nobody
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.name == "nt", reason="no permissions of POSIX")
def test_unreadable() -> None:
    # Not in tmp_path, whose folders only their owner may enter.
    with TemporaryDirectory() as folder:
        secret = Path(folder) / "secret.png"
        noise_picture(0).save(secret)
        Path(folder).chmod(0o755)
        secret.chmod(0o444)
        with ordinary_user():
            assert load_photo(secret).image.size == (48, 40)
        secret.chmod(0)
        with (
            ordinary_user(),
            pytest.raises(UserError, match=r"cannot read .*secret\.png: Permission denied"),
        ):
            load_photo(secret)


def test_floats_outside_are_clipped(tmp_path: Path) -> None:
    levels = np.array([[-1, 0.5, 4, np.nan, 1]], dtype=np.float32)
    Image.fromarray(levels).save(tmp_path / "a.tif")
    assert list(load_photo(tmp_path / "a.tif").image.getchannel(0).tobytes()) == [
        0,
        128,
        255,
        0,
        255,
    ]
    assert load_image(tmp_path / "a.tif").getpixel((1, 0)) == (128,) * 3


def test_a_pillow_without_its_private_way_gives_the_same_picture() -> None:
    image = noise_picture(3)
    image.info["comment"] = "a note"
    before = read._plain(image)
    vars(image)["_new"] = None
    after = read._plain(image)
    assert after.tobytes() == before.tobytes() == image.tobytes()
    assert type(after) is type(before) is Image.Image
    assert after.info == before.info == {}
