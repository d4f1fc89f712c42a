"""Sources of photos: folders, drawn pictures, and mistakes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from faststyle.data.sources import open_folder, open_photos
from faststyle.errors import UserError

# --- sources ----------------------------------------------------------------------------------


def test_folder_flat_and_nested(tmp_path: Path, photo_dir: Path) -> None:
    nested = tmp_path / "nested" / "deeper"
    nested.mkdir(parents=True)
    shutil.copy(photo_dir / "photo_1.png", nested / "b.PNG")
    shutil.copy(photo_dir / "photo_0.png", tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("not a photo")
    photos = open_folder(tmp_path)
    assert len(photos) == 2
    assert {Path(photos.name(i)).name for i in range(2)} == {"a.png", "b.PNG"}
    assert len(open_folder(photo_dir)) == 8


def nothing(folder: Path) -> None:
    folder.mkdir()


def only_text(folder: Path) -> None:
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    (folder / "b.txt").write_text("b")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (nothing, r"no pictures in .*photos: found nothing; pictures end in \.jpg"),
        (only_text, "no pictures in .*photos: found 2 files left out for their ending; pictures"),
        (lambda folder: None, "no such folder: .*photos"),
        (lambda folder: folder.write_text("a"), "no such folder: .*photos"),
    ],
)
def test_a_folder_without_photos_says_what_it_found(
    make: Callable[[Path], object], message: str, tmp_path: Path
) -> None:
    make(tmp_path / "photos")
    with pytest.raises(UserError, match=f"data.path: {message}"):
        open_photos("folder", str(tmp_path / "photos"), None, num_images=None, seed=0, size=32)


def test_an_unknown_source_names_the_closest() -> None:
    with pytest.raises(UserError, match=r"data\.source: 'foldr'.*did you mean 'folder'"):
        open_photos("foldr", None, None, num_images=None, seed=0, size=32)


# --- drawn pictures ---------------------------------------------------------------------------


def test_synthetic_source_takes_its_number_of_images() -> None:
    assert len(open_photos("synthetic", None, None, num_images=7, seed=0, size=32)) == 7
