"""Folders as people have them, as the photos of a training."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from faststyle.data.sources import open_folder
from faststyle.errors import UserError


def test_what_a_mac_leaves_is_not_counted_as_broken_photos(tmp_path: Path) -> None:
    for i in range(4):
        Image.new("RGB", (40, 40), (i, 90, 200)).save(tmp_path / f"IMG_{i}.jpg")
        (tmp_path / f"._IMG_{i}.jpg").write_bytes(b"\0\x05\x16\x07\0\x02\0\0Mac OS X        ")
    (tmp_path / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    photos = open_folder(tmp_path)
    assert [Path(photos.name(i)).name for i in range(len(photos))] == [
        f"IMG_{i}.jpg" for i in range(4)
    ]
    assert all(photos.load(i).mode == "RGB" for i in range(4))


def test_placeholders_are_counted_aloud(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / "here.png")
    (tmp_path / "in_the_cloud.png").touch()
    assert len(open_folder(tmp_path)) == 1
    assert "data.path: 1 picture of 0 bytes in" in capsys.readouterr().err


def test_a_folder_of_other_files_says_how_many(tmp_path: Path) -> None:
    for name in ("a.nef", "b.nef", "c.txt", "._d.jpg"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(UserError, match=r"data\.path: no pictures in .*: found 3 files left out"):
        open_folder(tmp_path)


def test_a_locked_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(path):
        raise PermissionError(13, "Permission denied", os.fspath(path))

    monkeypatch.setattr(os, "scandir", locked)
    with pytest.raises(UserError, match=r"^data\.path: cannot list .*: Permission denied$"):
        open_folder(tmp_path)


def test_a_locked_subfolder_is_counted_aloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    (tmp_path / "locked").mkdir()
    scandir = os.scandir

    def locked(path):
        if os.fspath(path) == str(tmp_path / "locked"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    assert len(open_folder(tmp_path)) == 1
    assert "data.path: 1 folder that cannot be listed in" in capsys.readouterr().err
