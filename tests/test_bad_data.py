"""Data that misbehaves during a run: it goes on where it can, and says in a line why it cannot."""

from __future__ import annotations

import os
import signal
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from conftest import noise_picture
from PIL import Image
from test_content import batches, content_data
from torch.utils.data import get_worker_info

from faststyle.config.train import TrainConfig
from faststyle.data.crops import Crops
from faststyle.data.loader import LoaderDied
from faststyle.data.skipped import SkippedPhotos
from faststyle.data.sources import PhotoSource, open_folder, open_photos
from faststyle.errors import UserError
from faststyle.train.run import train


class Pictures:
    """Eight good pictures; `misbehave` comes first whenever one is loaded."""

    def __init__(self, misbehave: Callable[[int], object], count: int = 8):
        self.misbehave, self.count = misbehave, count

    def __len__(self) -> int:
        return self.count

    def name(self, index: int) -> str:
        return f"photo {index}"

    def load(self, index: int, min_side: int | None = None) -> Image.Image:
        self.misbehave(index)
        return noise_picture(index, 64, 64)


def nothing(index: int) -> None:
    pass


# --- files ------------------------------------------------------------------------------------


def bomb(path: Path) -> None:
    """A PNG of a hundred bytes that says it has 30,000 x 30,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


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
    bomb(tmp_path / "bomb.png")
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


@pytest.mark.parametrize(
    "error", [MemoryError(), PermissionError(13, "Permission denied"), struct.error("bad\nbytes")]
)
def test_whatever_a_decoder_raises_is_one_skipped_photo(error: Exception) -> None:
    def misbehave(index: int) -> None:
        if index == 2:
            raise error

    crops = Crops(Pictures(misbehave), np.arange(8), 32, seed=0)
    photo, skipped = crops[(0, 2)]
    assert photo.shape == (3, 32, 32)
    assert skipped == [f"photo 2: {type(error).__name__}: {error}".replace("\n", " ").strip()]


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


# --- loader processes -------------------------------------------------------------------------


def kill_first(times: int, folder: Path, at: int) -> Callable[[int], None]:
    """Kills the process that loads photo `at`, the first so many times."""

    def misbehave(index: int) -> None:
        done = len(list(folder.iterdir()))
        if index == at and done < times and get_worker_info() is not None:
            (folder / str(done)).touch()
            os.kill(os.getpid(), signal.SIGKILL)

    return misbehave


@pytest.fixture
def deaths(tmp_path: Path) -> Path:
    (tmp_path / "deaths").mkdir()
    return tmp_path / "deaths"


def test_a_loader_that_is_killed_costs_no_batch(
    deaths: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    undisturbed = batches(content_data(Pictures(nothing)), steps=8)
    killed = content_data(Pictures(kill_first(1, deaths, at=5)), num_workers=2)
    got = batches(killed, steps=8)
    assert len(list(deaths.iterdir())) == 1
    assert len(got) == 8
    assert all(torch.equal(one, other) for one, other in zip(got, undisturbed, strict=True))
    line = capsys.readouterr().err
    assert "A loader process died" in line
    assert "continuing with 1" in line


def test_loaders_that_die_again_and_again_end_the_run_in_one_line(deaths: Path) -> None:
    content = content_data(Pictures(kill_first(100, deaths, at=5)), num_workers=2)
    with pytest.raises(LoaderDied, match=r"died 3 times in a row .*data\.num_workers=0") as caught:
        batches(content, steps=8)
    assert "\n" not in str(caught.value)
    assert "resume=" in str(caught.value)


def test_no_usable_photo_is_one_line_from_a_loader_process_too(tmp_path: Path) -> None:
    def gone(index: int) -> None:
        if get_worker_info() is not None:
            raise FileNotFoundError(f"no {index}")

    content = content_data(Pictures(gone), num_workers=1)
    with pytest.raises(UserError) as caught:
        batches(content, steps=8)
    assert str(caught.value).startswith("none of 7 photos can be used; the first: photo")
    assert "\n" not in str(caught.value)


# --- tables -----------------------------------------------------------------------------------


def table(path: Path, pictures: list[str | None]) -> None:
    features = datasets.Features({"image": datasets.Image()})
    datasets.Dataset.from_dict({"image": pictures}, features=features).to_parquet(str(path))


@pytest.fixture
def pictures(photo_dir: Path) -> list[str]:
    return sorted(map(str, photo_dir.iterdir()))


def opened(folder: Path) -> PhotoSource:
    return open_photos("folder", str(folder), None, num_images=None, seed=0, size=32)


def test_a_table_without_rows(tmp_path: Path) -> None:
    table(tmp_path / "empty.parquet", [])
    with pytest.raises(UserError, match=r"data\.path: .* holds 0 photos"):
        opened(tmp_path)


def test_an_empty_shard_among_others(tmp_path: Path, pictures: list[str]) -> None:
    table(tmp_path / "a.parquet", [])
    table(tmp_path / "b.parquet", list(pictures))
    assert len(opened(tmp_path)) == 8


def test_rows_without_a_picture(tmp_path: Path, pictures: list[str]) -> None:
    table(tmp_path / "holes.parquet", [pictures[0], None, *pictures[1:], None])
    content = content_data(opened(tmp_path))
    batches(content, steps=10)
    assert content.skipped
    assert all("row" in line and "there is no picture" in line for line in content.skipped)


@pytest.mark.parametrize("keep", [0, 10, -20])
def test_a_damaged_shard_is_named(keep: int, tmp_path: Path, pictures: list[str]) -> None:
    table(tmp_path / "good.parquet", list(pictures))
    table(tmp_path / "torn.parquet", list(pictures))
    data = (tmp_path / "torn.parquet").read_bytes()
    (tmp_path / "torn.parquet").write_bytes(data[:keep])
    with pytest.raises(UserError, match=r"torn\.parquet is damaged .*fetch it again") as caught:
        opened(tmp_path)
    assert "\n" not in str(caught.value)


def test_damage_inside_a_shard_and_a_folder_half_saved(tmp_path: Path, pictures: list[str]) -> None:
    table(tmp_path / "torn.parquet", list(pictures))
    data = bytearray((tmp_path / "torn.parquet").read_bytes())
    data[4:104] = bytes(100)
    (tmp_path / "torn.parquet").write_bytes(data)
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "state.json").write_text("{")
    for folder in (tmp_path, tmp_path / "half"):
        with pytest.raises(UserError, match="cannot read the tables in") as caught:
            opened(folder)
        assert "\n" not in str(caught.value)


def test_names_that_are_not_utf8(
    tmp_path: Path, photo_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (b"good.png", b"caf\xe9.png"):
        target = os.fsencode(tmp_path) + b"/" + name
        Path(os.fsdecode(target)).write_bytes((photo_dir / "photo_0.png").read_bytes())
    assert len(opened(tmp_path)) == 1
    assert "1 photos have names that are not UTF-8" in capsys.readouterr().err
