"""Opening picture files: kinds of files and limits of size."""

from __future__ import annotations

import sys
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from PIL import Image

from faststyle.errors import UserError
from faststyle.images import opening
from faststyle.images.read import load_photo
from tests.support.pictures import noise_picture


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
        with opening.open_photo(tmp_path / "a.png") as image:
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
    monkeypatch.setattr(opening, "PIXEL_LIMIT", 48 * 40 - 1)
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(UserError, match=r"a\.png: it claims 48 x 40 pixels, more than the"):
        load_photo(tmp_path / "a.png")


def test_a_caller_may_allow_fewer_pixels(tmp_path: Path) -> None:
    noise_picture(0).save(tmp_path / "a.png")
    assert load_photo(tmp_path / "a.png", pixel_limit=48 * 40).image.size == (48, 40)
    with pytest.raises(opening.TooManyPixels, match=r"more than the 0\.00192 million allowed"):
        load_photo(tmp_path / "a.png", pixel_limit=48 * 40 - 1)


def test_postscript_never_reaches_its_interpreter(tmp_path: Path) -> None:
    for start in (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"\xc5\xd0\xd3\xc6"):
        (tmp_path / "a.eps").write_bytes(start + bytes(60))
        with pytest.raises(UserError, match="cannot read PostScript file"):
            load_photo(tmp_path / "a.eps")
