"""Photos in any file people have come in right; what belongs to them goes out with them."""

from __future__ import annotations

import os
import sys
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
from awkward import (
    COPYRIGHT,
    CORNERS,
    DATE,
    SIZE,
    Awkward,
    quarters,
    talkative,
    with_alpha,
    write_awkward_files,
)
from conftest import noise_picture
from PIL import Image, ImageCms
from PIL.ExifTags import IFD, Base

from faststyle.errors import UserError
from faststyle.images import opening as photo_opening
from faststyle.images import srgb as photo_pixels
from faststyle.images.formats import SAVE_OPTIONS
from faststyle.images.read import load_image, load_photo
from faststyle.images.srgb import srgb_profile
from faststyle.images.write import save_photo

# Pillow warns of metadata that is cut short or broken, which these files have on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:Corrupt EXIF data", "ignore:Truncated File Read")


@pytest.fixture(scope="module")
def awkward_files(tmp_path_factory: pytest.TempPathFactory) -> list[Awkward]:
    return write_awkward_files(tmp_path_factory.mktemp("awkward"))


def at_quarters(image: Image.Image) -> list:
    columns, rows = (
        [int(part * (side - 1)) for part in (0.25, 0.75)] for side in (image.width, image.height)
    )
    return [image.getpixel((x, y)) for y in rows for x in columns]


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
        return f"colours are {off} levels off"
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


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable(tmp_path: Path) -> None:
    noise_picture(0).save(tmp_path / "secret.png")
    (tmp_path / "secret.png").chmod(0)
    with pytest.raises(UserError, match=r"cannot read picture .*secret\.png: Permission denied"):
        load_photo(tmp_path / "secret.png")


def test_heic_is_read_once_pillow_heif_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    plugin = types.SimpleNamespace(register_heif_opener=lambda: calls.append("registered"))
    monkeypatch.setitem(sys.modules, "pillow_heif", plugin)
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40))
    with pytest.raises(UserError, match=r"a\.heic: it is truncated or damaged"):
        load_photo(tmp_path / "a.heic")
    assert calls == ["registered"]


def test_deep_pictures_in_strips_are_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    levels = np.random.default_rng(0).integers(0, 65536, (23, 17), dtype=np.uint16)
    image = Image.fromarray(levels)
    monkeypatch.setattr(photo_pixels, "BLOCK_PIXELS", 40)
    grey = photo_pixels.to_8_bit_gray(image)
    assert np.array_equal(np.asarray(grey), (levels / 257).round().astype(np.uint8))


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


# --- size limits ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.gif", "a.webp", "a.jpg"])
def test_pillows_limit_does_not_count_and_stays(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise_picture(0).save(tmp_path / name)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert load_photo(tmp_path / name).image.size == (48, 40)  # warnings would be errors
    assert Image.MAX_IMAGE_PIXELS == 100


def test_pillows_limit_survives_threads_and_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise_picture(0).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    together = Barrier(4)

    def load(number: int) -> None:
        together.wait()
        with photo_opening.open_photo(tmp_path / "a.png") as image:
            together.wait()  # all four are inside
            image.load()
            if number % 2:
                raise UserError("stop")

    with ThreadPoolExecutor(4) as pool:
        errors = [future.exception() for future in [pool.submit(load, i) for i in range(4)]]
    assert [type(error) for error in errors] == [type(None), UserError] * 2
    assert Image.MAX_IMAGE_PIXELS == 100


def test_too_large_a_picture_is_refused_undecoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise_picture(0).save(tmp_path / "a.png")
    monkeypatch.setattr(photo_opening, "PIXEL_LIMIT", 48 * 40 - 1)
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(UserError, match=r"a\.png: it claims 48 x 40 pixels, more than the"):
        load_photo(tmp_path / "a.png")


# --- writing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SAVE_OPTIONS)
def test_when_and_whose_go_through_where_does_not(suffix: str, tmp_path: Path) -> None:
    quarters().save(tmp_path / "in.jpg", exif=talkative())
    photo = load_photo(tmp_path / "in.jpg")
    save_photo(photo.image, tmp_path / f"out{suffix}", exif=photo.exif)
    with Image.open(tmp_path / f"out{suffix}") as image:
        told = image.getexif()
        assert told[Base.DateTime] == DATE
        assert told[Base.Copyright].encode("latin-1").decode() == COPYRIGHT
        everything = {**told, **told.get_ifd(IFD.Exif)}
        assert everything[Base.DateTimeOriginal] == DATE
        assert Base.LensModel not in everything
        assert not told.get_ifd(IFD.GPSInfo)
        assert not {Base.Orientation, Base.Make} & set(told)
    again = load_photo(tmp_path / f"out{suffix}")
    assert again.exif == photo.exif
    assert again.notes == ()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_the_picture_itself_carries_nothing(suffix: str, tmp_path: Path) -> None:
    quarters().save(tmp_path / f"in{suffix}", exif=talkative().tobytes(), xmp=b"<x/>")
    image = load_photo(tmp_path / f"in{suffix}").image
    assert type(image) is Image.Image
    for format_ in ("JPEG", "PNG", "TIFF", "WEBP"):
        image.save(tmp_path / "out", format_)
        with Image.open(tmp_path / "out") as bare:
            assert not {Base.Make, Base.DateTime, IFD.GPSInfo, IFD.Exif} & set(bare.getexif())
            assert not {"xmp", "icc_profile"} & set(bare.info)


@pytest.mark.parametrize("suffix", SAVE_OPTIONS)
def test_written_pictures_say_that_they_are_srgb(suffix: str, tmp_path: Path) -> None:
    save_photo(quarters(), tmp_path / f"a{suffix}")
    with Image.open(tmp_path / f"a{suffix}") as image:
        assert image.info["icc_profile"] == srgb_profile()
        assert image.size == SIZE


def test_the_srgb_profile_has_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    made = srgb_profile.__wrapped__()
    older = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    older[24:36] = b"\x07\xd0" + bytes(10)
    profile = types.SimpleNamespace(tobytes=lambda: bytes(older))
    monkeypatch.setattr(ImageCms, "ImageCmsProfile", lambda _: profile)
    assert srgb_profile.__wrapped__() == made


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
        assert a.read_bytes() == b.read_bytes()


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
