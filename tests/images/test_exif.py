"""Metadata that a stylized photo keeps, and metadata that it loses."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from faststyle.images.formats import SAVE_OPTIONS
from faststyle.images.read import load_photo
from faststyle.images.write import save_photo
from tests.support.awkward_files import COPYRIGHT, DATE, quarters, talkative


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
