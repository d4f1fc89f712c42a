"""TIFF files of every kind: the right pixels, or a refusal that names the kind. Never others."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from faststyle.errors import UserError
from faststyle.images import opening
from faststyle.images.opening import TooManyPixels
from faststyle.images.read import from_pil, load_photo

HEIGHT, WIDTH = 40, 56
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH] / (HEIGHT + WIDTH)
COLORS = np.stack([X * 96 / 56, Y * 96 / 40, X + Y], -1)  # in 0..1
GRAY = (0.7 * X + 0.3 * Y)[..., None]
ALPHA = (0.3 + X)[..., None]
INKS = np.concatenate([1 - COLORS, np.zeros((HEIGHT, WIDTH, 1))], -1)
# Channels as stored, what must come out, tifffile's names for them.
CONTENTS: dict[str, tuple[np.ndarray, np.ndarray, str, str | None]] = {
    "gray": (GRAY, GRAY, "minisblack", None),
    "white is zero": (1 - GRAY, GRAY, "miniswhite", None),
    "gray with alpha": (np.concatenate([GRAY, ALPHA], -1), GRAY, "minisblack", "unassalpha"),
    "rgb": (COLORS, COLORS, "rgb", None),
    "rgb with alpha": (np.concatenate([COLORS, ALPHA], -1), COLORS, "rgb", "unassalpha"),
    "premultiplied": (
        *(np.concatenate([COLORS * ALPHA, ALPHA], -1), COLORS),
        *("rgb", "assocalpha"),
    ),
    "rgb and a mask": (np.concatenate([COLORS, ALPHA], -1), COLORS, "rgb", "unspecified"),
    "inks": (INKS, COLORS, "separated", None),
    "inks with alpha": (
        *(np.concatenate([INKS, ALPHA], -1), 1 - (1 - COLORS) * ALPHA),
        *("separated", "unassalpha"),
    ),
}
TYPES = ("u1", "u2", "u4", "i2", "f2", "f4", "f8")


def as_type(values: np.ndarray, name: str) -> np.ndarray:
    """Values in 0..1 over the whole range of an integer type, or as floats."""
    kind = np.dtype(name)
    return values.astype(kind) if kind.kind == "f" else (values * np.iinfo(kind).max).astype(kind)


def tiff(pixels: np.ndarray, **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    if pixels.ndim == 3 and pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    if options.get("planarconfig") == "separate" and pixels.ndim == 3:
        pixels = np.moveaxis(pixels, -1, 0)
    elif pixels.ndim < 3:
        options.pop("planarconfig", None)
    tifffile.imwrite(file, pixels, metadata=None, **options)
    return file


def error(source: Any, expected: np.ndarray) -> float:
    """By how many levels a picture is off, at most."""
    return float(np.abs(np.asarray(load_photo(source).image) - 255 * expected).max())


@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("name", TYPES)
def test_every_kind_of_pixels(name: str, content: str, planes: str) -> None:
    stored, expected, photometric, extra = CONTENTS[content]
    # What is divided by a small alpha again is only as exact as its levels.
    allowed = 10 if content == "premultiplied" else 3
    for order in "<>":
        for compression in (None, "zlib"):
            for tile in (None, (16, 16)):
                file = tiff(
                    as_type(stored, name),
                    photometric=photometric,
                    extrasamples=extra and [extra],
                    planarconfig=planes,
                    byteorder=order,
                    compression=compression,
                    tile=tile,
                )
                assert error(file, expected) < allowed, (order, compression, tile)
                has_alpha = "alpha" in content and "inks" not in content
                alpha = load_photo(file).alpha
                assert content == "premultiplied" or (alpha is not None) == has_alpha
                if alpha is not None:
                    off = np.asarray(alpha)[..., None] - 255 * ALPHA
                    assert np.abs(off).max() < 3, (order, compression, tile)


@pytest.mark.parametrize("name", ["u2", "f4"])
def test_big_tiff(name: str) -> None:
    assert error(tiff(as_type(COLORS, name), photometric="rgb", bigtiff=True), COLORS) < 3


def test_floats_beyond_1_are_levels() -> None:
    assert error(tiff((COLORS * 255).astype("f4"), photometric="rgb"), COLORS) < 3


def test_rare_kinds_that_are_too_large_are_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    file = tiff(COLORS.astype("f4"), photometric="rgb")
    monkeypatch.setattr("faststyle.images.tiff.decode", lambda *_: pytest.fail("decoded"))
    with pytest.raises(TooManyPixels, match=f"it claims {WIDTH} x {HEIGHT} pixels"):
        load_photo(file, pixel_limit=WIDTH * HEIGHT - 1)


def test_orientation_profile_and_dates_of_rare_kinds(tmp_path: Path) -> None:
    copyright_ = (33432, "s", 0, "someone", True)
    tags = [(274, "H", 1, 6, True), copyright_]
    file = tiff(COLORS.astype("f4"), photometric="rgb", extratags=tags)
    photo = load_photo(file)
    assert photo.image.size == (HEIGHT, WIDTH)
    off = np.asarray(photo.image) - 255 * np.rot90(COLORS, -1)
    assert np.abs(off).max() < 3
    assert photo.exif is not None
    assert b"someone" in photo.exif


def test_16_bit_lab() -> None:
    """As Photoshop writes it: lightness without sign, the others with."""
    levels = np.zeros((8, 8, 3), np.int32)
    levels[...] = (0.6 * 65535, 40 * 256, -30 * 256)
    file = tiff(levels.astype(np.uint16), photometric="cielab")
    deep = np.asarray(load_photo(file).image, dtype=int)
    lab = Image.frombytes("LAB", (8, 8), bytes((153, 40, 256 - 30)) * 64)
    flat = np.asarray(from_pil(lab).image, dtype=int)
    assert np.abs(deep - flat).max() <= 1
    assert deep[0, 0].argmax() == 2 or deep[0, 0].argmax() == 0  # purple
    assert deep[0, 0].argmin() == 1


def without(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)


REFUSED = {
    "planes": (
        *(COLORS, {"photometric": "rgb", "planarconfig": "separate"}),
        r"\(RGB, 16 bits a channel, uncompressed, in planes\); first run pip install tifffile",
    ),
    "white is zero": (
        *(GRAY, {"photometric": "miniswhite"}),
        r"\(gray with white as zero, 16 bits a channel, uncompressed\); first run pip install",
    ),
    "gray with alpha": (
        np.concatenate([GRAY, ALPHA], -1),
        {"photometric": "minisblack", "extrasamples": ["unassalpha"], "compression": "zlib"},
        r"\(gray, 1 extra channel, 16 bits a channel, deflate\); first run pip install tifffile",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_rare_kinds_are_named_where_tifffile_is_missing(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values, options, message = REFUSED[kind]
    file = tiff(as_type(values, "u2"), **options)
    without(monkeypatch, "tifffile")
    with pytest.raises(UserError, match=f"a kind that Pillow cannot read {message}") as caught:
        load_photo(file)
    assert "damaged" not in str(caught.value)


def retagged(file: io.BytesIO, tag: int, value: int) -> io.BytesIO:
    """A little-endian TIFF with another value of a tag of type SHORT."""
    data = bytearray(file.getvalue())
    at = data.index(struct.pack("<HHI", tag, 3, 1), 8)
    data[at + 8 : at + 10] = struct.pack("<H", value)
    return io.BytesIO(bytes(data))


@pytest.mark.parametrize(
    ("tag", "value", "message"),
    [
        (259, 50001, r"8 bits a channel, WebP\); first run pip install imagecodecs"),
        (259, 34712, r"8 bits a channel, JPEG 2000\); first run pip install imagecodecs"),
        (262, 9, r"\(ICCLAB, 8 bits a channel, uncompressed\); save it as PNG"),
        (262, 6, r"\(YCbCr, 8 bits a channel, uncompressed, subsampled\); save it as PNG"),
    ],
)
def test_kinds_that_nobody_here_reads_are_named(
    tag: int, value: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "imagecodecs")
    file = retagged(tiff(as_type(COLORS, "u1"), photometric="rgb"), tag, value)
    with pytest.raises(UserError, match=message):
        load_photo(file)


@pytest.mark.filterwarnings("ignore:Truncated File Read")
@pytest.mark.parametrize("keep", [6, 100, -500])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_rare_kinds_cut_short(compression: str | None, keep: int) -> None:
    data = tiff(COLORS.astype("f4"), photometric="rgb", compression=compression).getvalue()
    with pytest.raises(UserError, match="truncated"):
        load_photo(io.BytesIO(data[:keep]))


def test_rare_kinds_that_are_damaged() -> None:
    data = bytearray(tiff(COLORS.astype("f4"), photometric="rgb", compression="zlib").getvalue())
    data[-4000:] = bytes(4000)
    with pytest.raises(UserError, match="cannot read picture picture: it is truncated"):
        load_photo(io.BytesIO(bytes(data)))


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_bytes_changed_anywhere_are_read_or_refused_in_one_line() -> None:
    rng = np.random.default_rng(0)
    whole = [
        tiff(COLORS.astype("f4"), photometric="rgb").getvalue(),
        tiff(as_type(COLORS, "u2"), photometric="rgb", planarconfig="separate").getvalue(),
        tiff(COLORS.astype("f4"), photometric="rgb", compression="zlib").getvalue(),
        tiff(as_type(GRAY, "u2"), photometric="miniswhite", bigtiff=True).getvalue(),
    ]
    read, refusals = 0, []
    for number in range(200):
        data = bytearray(whole[number % 4])
        for _ in range(rng.integers(1, 4)):
            data[rng.integers(300)] = rng.integers(256)
        try:
            assert load_photo(io.BytesIO(bytes(data))).image.mode == "RGB"
            read += 1
        except UserError as error:
            refusals.append(str(error))
    assert read > 20
    assert len(refusals) > 20
    assert [text for text in refusals if not text.isprintable()] == []


def test_rare_kinds_have_the_same_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "PIXEL_LIMIT", HEIGHT * WIDTH - 1)
    monkeypatch.setattr(tifffile.TiffPage, "asarray", lambda page: pytest.fail("decoded"))
    with pytest.raises(UserError, match=f"it claims {WIDTH} x {HEIGHT} pixels"):
        load_photo(tiff(COLORS.astype("f4"), photometric="rgb"))


def test_a_raw_file_under_another_name_is_named(tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    version = (50706, "B", 4, bytes((1, 4, 0, 0)), True)
    data = tiff(as_type(COLORS, "u1"), photometric="rgb", extratags=[version]).getvalue()
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"cannot read camera raw file .*photo\.tif: export it"):
        load_photo(path)


def test_what_pillow_decodes_wrongly_is_not_taken_from_it(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(
        tiff(as_type(COLORS, "u2"), photometric="rgb", planarconfig="separate").getvalue()
    )
    with (
        Image.open(path) as image,
        pytest.raises(UserError, match=r"a TIFF that Pillow decodes wrongly \(RGB, 16 bits"),
    ):
        from_pil(image)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\x0a" + bytes(60), "cannot read JPEG XL picture: first run pip install pillow-jxl"),
        (b"v/1\x01" + bytes(60), "cannot read OpenEXR file picture: export it as PNG or TIFF"),
        (b"%PDF-1.4" + bytes(60), "cannot read PDF file picture: export it as PNG or TIFF"),
    ],
)
def test_other_formats_are_named(
    data: bytes, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "pillow_jxl")
    with pytest.raises(UserError, match=message):
        load_photo(io.BytesIO(data))
