"""Photos that cannot be used are skipped, counted and named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faststyle.config.train import TrainConfig
from faststyle.data.skipped import SkippedPhotos
from faststyle.data.sources import open_folder
from faststyle.errors import UserError
from faststyle.train.run import train
from tests.support.batches import batches, content_data
from tests.support.pictures import noise_picture, png

# --- photos that cannot be used ---------------------------------------------------------------


def test_bad_photos_are_skipped_counted_and_named(tmp_path: Path) -> None:
    for i in range(3):
        noise_picture(i).save(tmp_path / f"good_{i}.png")
    (tmp_path / "corrupt.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more of it")
    (tmp_path / "empty.png").write_bytes(b"\0")
    noise_picture(0, 16, 16).save(tmp_path / "icon.png")
    noise_picture(0, 400, 40).save(tmp_path / "banner.png")
    content = content_data(open_folder(tmp_path))
    content.val_photos()
    got = batches(content, steps=6)
    assert all(len(batch) == 3 for batch in got)
    skipped = sorted(content.skipped)
    assert [Path(line.split(": ")[0]).name for line in skipped] == [
        "banner.png",
        "corrupt.jpg",
        "empty.png",
        "icon.png",
    ]
    assert "400 x 40" in skipped[0]
    assert "16 x 16" in skipped[3]


def test_names_of_skipped_photos_come_back_from_workers(tmp_path: Path) -> None:
    for i in range(3):
        noise_picture(i).save(tmp_path / f"good_{i}.png")
    (tmp_path / "corrupt.jpg").write_bytes(b"nothing")
    content = content_data(open_folder(tmp_path), num_workers=1)
    batches(content, steps=3)
    assert [Path(line.split(": ")[0]).name for line in content.skipped] == ["corrupt.jpg"]


def test_no_photo_that_can_be_used_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"none of 1 photos can be used; the first: .*a\.jpg"):
        content_data(open_folder(tmp_path)).val_photos()


# --- files ------------------------------------------------------------------------------------


def test_every_kind_of_bad_file_is_skipped_and_named(tmp_path: Path) -> None:
    for i in range(12):
        noise_picture(i).save(tmp_path / f"good_{i:02}.png")
    noise_picture(0).save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "whole.jpg").unlink()
    bad = {
        "truncated.jpg": whole[: len(whole) // 2],
        "corrupt.jpg": whole[:20] + bytes(len(whole) - 20),
        "zero.jpg": b"\0",
        "text.jpg": b"not a picture",
        "page.png": b"<html><body>404</body></html>",
    }
    for name, data in bad.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "bomb.png").write_bytes(png(30_000, 30_000, 8, 2, bytes(1000)))
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    noise_picture(0, 600, 33).save(tmp_path / "strip.png")
    content = content_data(open_folder(tmp_path))
    content.val_photos()
    assert all(len(batch) == 3 for batch in batches(content, steps=14))
    names = {Path(line.split(": ")[0]).name for line in content.skipped}
    assert names == {*bad, "bomb.png", "dot.png", "strip.png"}
    assert all(line.isprintable() for line in content.skipped)


def test_photos_that_vanish_or_are_locked_during_a_run(tmp_path: Path) -> None:
    for i in range(12):
        noise_picture(i).save(tmp_path / f"{i:02}.png")
    content = content_data(open_folder(tmp_path))
    (tmp_path / "03.png").unlink()
    (tmp_path / "04.png").unlink()
    (tmp_path / "04.png").mkdir()
    assert len(batches(content, steps=12)) == 12
    names = {Path(line.split(": ")[0]).name for line in content.skipped}
    held_out_may_be_among_them = {"03.png", "04.png"}
    assert names <= held_out_may_be_among_them
    assert names


def test_a_list_is_in_the_run_folder_while_it_runs(
    make_config: Callable[..., TrainConfig], tmp_path: Path, photo_dir: Path
) -> None:
    """A run that is killed leaves it too; here it ends at too many bad photos."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(8):
        (folder / f"bad_{i}.jpg").write_bytes(b"nothing")
        (folder / f"good_{i}.png").write_bytes((photo_dir / f"photo_{i}.png").read_bytes())
    config = make_config("data=folder", f"data.path={folder}", "trainer.max_steps=100")
    with pytest.raises(UserError, match=r"\d+ of \d+ photos tried .*data\.max_bad_share=0\.1"):
        train(config, tmp_path / "run", None)
    listed = (tmp_path / "run" / "skipped.txt").read_text().splitlines()
    assert listed
    assert all("bad_" in line and "not a picture" in line for line in listed)


# --- the share --------------------------------------------------------------------------------


def test_a_share_that_is_allowed_ends_nothing() -> None:
    """Of 300 photos 8 in 100 are bad, in a hundred orders of chance."""
    rng = np.random.default_rng(0)
    for _ in range(100):
        skipped = SkippedPhotos(max_share=0.1)
        for bad in rng.random(300) < 0.08:
            skipped.count(0 if bad else 1, ["a: b"] if bad else [])


def test_a_larger_share_ends_the_run_soon() -> None:
    skipped = SkippedPhotos(max_share=0.1)

    def try_photos() -> None:
        for number in range(200):
            bad = number % 3 == 0
            skipped.count(0 if bad else 1, ["a: b"] if bad else [])

    with pytest.raises(UserError, match=r"\d+ of \d+ .* one of them: a: b; give other photos"):
        try_photos()
    assert 20 <= skipped.tried < 60


def test_a_few_of_a_few_end_nothing() -> None:
    skipped = SkippedPhotos(max_share=0.1)
    skipped.count(0, [f"{i}: bad" for i in range(19)])
    assert SkippedPhotos(max_share=1.0).count(0, ["a"] * 1000) is None


def test_a_resumed_run_goes_on_with_its_list(tmp_path: Path) -> None:
    path = tmp_path / "run" / "skipped.txt"
    for name in ("b", "a", "b"):
        skipped = SkippedPhotos(max_share=0.5)
        skipped.count(1, [name])
        skipped.list_in(path)
    assert path.read_text() == "b\na\n"
