"""Lists of a folder's pictures: clutter is passed over, the rest is counted, nothing ends them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from faststyle.errors import UserError
from faststyle.images.formats import find_pictures, list_pictures

CLUTTER = (
    *("._a.jpg", ".DS_Store", "Thumbs.db", "desktop.ini", ".b.jpg.icloud", ".hidden.png"),
    *("__MACOSX/._a.jpg", "__MACOSX/a.jpg", "@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg"),
    *("$RECYCLE.BIN/a.jpg", ".Trashes/a.jpg", "sub/._c.jpg", "sub/@eaDir/c.jpg"),
)


def fill(folder: Path, names: Iterator[str] | tuple[str, ...], data: bytes = b"x") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def names(paths: list[Path], folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in paths]


def test_clutter_is_neither_a_picture_nor_counted(tmp_path: Path) -> None:
    fill(tmp_path, CLUTTER)
    fill(tmp_path, ("b.PNG", "a.jpg", "phone.heic", "saved.jfif", "sub/c.tif"))
    found = find_pictures(tmp_path, recursive=True)
    here = ["a.jpg", "b.PNG", "phone.heic", "saved.jfif"]
    assert names(found.paths, tmp_path) == [*here, "sub/c.tif"]
    assert found.left_out() == ""
    assert names(find_pictures(tmp_path, recursive=False).paths, tmp_path) == here


def test_a_folder_with_a_hidden_name_is_listed_when_it_is_named(tmp_path: Path) -> None:
    fill(tmp_path / ".photos", ("a.jpg",))
    assert names(find_pictures(tmp_path / ".photos", recursive=True).paths, tmp_path) == [
        ".photos/a.jpg"
    ]


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    fill(tmp_path, ("a.jpg", "b.txt", "c.nef", "no_ending", "sub/d.mp4"))
    fill(tmp_path, ("cloud_1.jpg", "cloud_2.jpg"), b"")
    found = find_pictures(tmp_path, recursive=True)
    assert names(found.paths, tmp_path) == ["a.jpg"]
    assert (found.other_files, found.empty_files) == (4, 2)
    assert found.left_out() == "4 files left out for their ending, 2 pictures of 0 bytes"
    assert find_pictures(tmp_path, recursive=False).other_files == 3


def test_bad_entries_end_no_list(tmp_path: Path) -> None:
    fill(tmp_path, ("a.jpg",))
    (tmp_path / "x.jpg").symlink_to("y.jpg")
    (tmp_path / "y.jpg").symlink_to("x.jpg")
    (tmp_path / "gone.png").symlink_to("nowhere")
    (tmp_path / "round").symlink_to(tmp_path)
    (tmp_path / "folder.jpg").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg")).write_bytes(b"x")
    found = find_pictures(tmp_path, recursive=True)
    assert names(found.paths, tmp_path) == ["a.jpg", "caf\udce9.jpg", "gone.png", "x.jpg", "y.jpg"]


@pytest.mark.parametrize("fails", ["opened", "read"])
def test_a_subfolder_that_cannot_be_listed_costs_only_itself(
    fails: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, ("a.jpg", "locked/b.jpg", "sub/c.jpg"))
    scandir = os.scandir

    class VanishedMount:
        def __enter__(self):
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def __next__(self):
            raise OSError(5, "Input/output error")

        __iter__ = __enter__

    def locked(path):
        if os.fspath(path) != str(tmp_path / "locked"):
            return scandir(path)
        if fails == "opened":
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return VanishedMount()

    monkeypatch.setattr(os, "scandir", locked)
    found = find_pictures(tmp_path, recursive=True)
    assert names(found.paths, tmp_path) == ["a.jpg", "sub/c.jpg"]
    assert found.left_out() == "1 folder that cannot be listed"


def test_the_folder_itself_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot list .*gone: No such file or directory"):
        find_pictures(tmp_path / "gone", recursive=True)


def test_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no pictures in .*: they end in \.jpg.*\.jxl$"):
        list_pictures(tmp_path)
    fill(tmp_path, ("a.nef",))
    with pytest.raises(UserError, match=r"; found 1 file left out for their ending$"):
        list_pictures(tmp_path)
    fill(tmp_path, ("b.png", "a.png"))
    assert names(list_pictures(tmp_path), tmp_path) == ["a.png", "b.png"]
