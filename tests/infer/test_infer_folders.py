"""Folders as people have them: clutter, locked subfolders, links in a circle."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.commands import one_line
from tests.support.pictures import written

MAC_METADATA = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        "


def test_clutter_is_passed_over_and_counted(infer, here: Path) -> None:
    for name in ("._cat.jpg", "Thumbs.db", ".hidden.png"):
        (here / name).write_bytes(MAC_METADATA)
    (here / "later.jpg").touch()
    (here / "notes.txt").write_text("no photo")
    outcome = infer(".", "--output", "out")
    assert outcome.code == 0, outcome.err
    assert sorted(written(here / "out")) == ["cat.jpg", "dog.png"]
    assert "1 file left out for their ending, 1 picture of 0 bytes" in outcome.err


def test_a_folder_without_pictures_counts_what_it_holds(infer, here: Path) -> None:
    (here / "texts").mkdir()
    (here / "texts" / "a.txt").write_text("no photo")
    assert "found 1 file left out for their ending" in one_line(infer("texts"))


@pytest.mark.parametrize("name", ["loop.jpg", "loop"])
def test_links_in_a_circle_cost_only_themselves(name: str, infer, here: Path) -> None:
    (here / name).symlink_to("other.jpg")
    (here / "other.jpg").symlink_to(name)
    outcome = infer(".", name, "cat.jpg", "--recursive", "--output", "out")
    assert outcome.code == 1
    assert "Traceback" not in outcome.err
    assert {"cat.jpg", "dog.png"} <= set(written(here / "out"))


def test_a_locked_folder_costs_only_itself(
    infer, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for someone who may not look into it; who runs the tests may be allowed everything."""
    (here / "locked").mkdir()
    real = os.scandir

    def scandir(path):
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    outcome = infer(".", "--recursive", "--output", "out")
    assert outcome.code == 0, outcome.err
    assert sorted(written(here / "out")) == ["cat.jpg", "dog.png"]
    assert "1 folder that cannot be listed" in outcome.err
    assert "cannot list locked: Permission denied" in one_line(infer("locked"))
    outcome = infer("locked", "cat.jpg", "--output", "out2")
    assert outcome.code == 1
    assert sorted(written(here / "out2")) == ["cat.jpg"]


def test_a_name_that_cannot_be_looked_up_costs_only_itself(infer, here: Path) -> None:
    too_long = "x" * 5000
    outcome = infer(too_long, "cat.jpg", "--output", "out")
    assert outcome.code == 1
    assert "File name too long" in outcome.err
    assert sorted(written(here / "out")) == ["cat.jpg"]
