"""Folders as people have them, as the photos of a training."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import noise_picture

from faststyle.data.sources import open_folder
from faststyle.errors import UserError


def test_what_a_mac_leaves_is_not_counted_as_broken_photos(tmp_path: Path) -> None:
    for i in range(4):
        noise_picture(i).save(tmp_path / f"IMG_{i}.jpg")
        (tmp_path / f"._IMG_{i}.jpg").write_bytes(b"\0\x05\x16\x07\0\x02\0\0Mac OS X        ")
    (tmp_path / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    photos = open_folder(tmp_path)
    assert [Path(photos.name(i)).name for i in range(len(photos))] == [
        f"IMG_{i}.jpg" for i in range(4)
    ]
    assert all(photos.load(i).mode == "RGB" for i in range(4))


def test_placeholders_are_counted_aloud(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noise_picture(0).save(tmp_path / "here.png")
    (tmp_path / "in_the_cloud.png").touch()
    assert len(open_folder(tmp_path)) == 1
    assert "data.path: 1 picture of 0 bytes in" in capsys.readouterr().err


def test_a_folder_of_other_files_says_how_many(tmp_path: Path) -> None:
    for name in ("a.nef", "b.nef", "c.txt", "._d.jpg"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(UserError, match=r"data\.path: no pictures in .*: found 3 files left out"):
        open_folder(tmp_path)
