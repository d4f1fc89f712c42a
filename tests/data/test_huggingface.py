"""Photos in tables, on disk and on the Hugging Face hub."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import NoReturn

import datasets
import numpy as np
import pytest

from faststyle.data.huggingface import open_hub
from faststyle.data.sources import PhotoSource, open_folder, open_photos
from faststyle.errors import UserError
from faststyle.images.read import load_image
from tests.support.batches import batches, content_data
from tests.support.hostile import no_network

# --- sources ----------------------------------------------------------------------------------


def pixels(photos: PhotoSource) -> list[list[list[list[int]]]]:
    return [np.asarray(photos.load(i)).tolist() for i in range(len(photos))]


@pytest.fixture
def saved(tmp_path: Path, photo_dir: Path) -> datasets.Dataset:
    """The first three photos as a dataset with a column of labels beside them."""
    files = [str(photo_dir / f"photo_{i}.png") for i in range(3)]
    features = datasets.Features({"label": datasets.Value("int64"), "image": datasets.Image()})
    return datasets.Dataset.from_dict({"label": [1, 2, 3], "image": files}, features=features)


@pytest.fixture
def three_photos(photo_dir: Path) -> list[list[list[list[int]]]]:
    return [np.asarray(load_image(photo_dir / f"photo_{i}.png")).tolist() for i in range(3)]


def test_folder_of_parquet(tmp_path: Path, saved: datasets.Dataset, three_photos: list) -> None:
    saved.to_parquet(str(tmp_path / "photos.parquet"))
    photos = open_folder(tmp_path)
    assert pixels(photos) == three_photos
    assert photos.name(0)


def test_folder_saved_to_disk(tmp_path: Path, saved: datasets.Dataset, three_photos: list) -> None:
    saved.save_to_disk(str(tmp_path / "arrow"))
    assert pixels(open_folder(tmp_path / "arrow")) == three_photos


def test_folder_with_splits_says_which_there_are(tmp_path: Path, saved: datasets.Dataset) -> None:
    datasets.DatasetDict({"train": saved, "val": saved}).save_to_disk(str(tmp_path / "splits"))
    with pytest.raises(UserError, match=r"holds several splits.*splits/train"):
        open_folder(tmp_path / "splits")
    assert len(open_folder(tmp_path / "splits" / "val")) == 3


def test_a_dataset_without_pictures_names_its_columns(tmp_path: Path) -> None:
    datasets.Dataset.from_dict({"label": [1], "text": ["a"]}).to_parquet(
        str(tmp_path / "labels.parquet")
    )
    with pytest.raises(UserError, match="no column of pictures; its columns: label, text"):
        open_folder(tmp_path)


@pytest.fixture
def hub_format(tmp_path: Path, photo_dir: Path) -> Path:
    """A local folder laid out as a dataset on the hub."""
    files = [str(photo_dir / f"photo_{i}.png") for i in range(8)]
    features = datasets.Features({"image": datasets.Image(), "width": datasets.Value("int64")})
    rows = {"image": files, "width": list(range(8))}
    dataset = datasets.Dataset.from_dict(rows, features=features)
    (tmp_path / "repo" / "data").mkdir(parents=True)
    dataset.to_parquet(str(tmp_path / "repo" / "data" / "val-00000-of-00001.parquet"))
    return tmp_path / "repo"


def test_hub_loads_a_whole_split(hub_format: Path, three_photos: list) -> None:
    photos = open_hub(str(hub_format), "val", None)
    assert len(photos) == 8
    assert pixels(photos)[:3] == three_photos


def test_hub_streams_a_subset(hub_format: Path, three_photos: list) -> None:
    photos = open_hub(str(hub_format), "val", 3)
    assert pixels(photos) == three_photos
    assert photos.name(1)


def test_hub_split_that_is_not_there(hub_format: Path) -> None:
    for num_images in (None, 2):
        with pytest.raises(UserError, match=r"split vall.*") as caught:
            open_hub(str(hub_format), "vall", num_images)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("num_images", [None, 4])
def test_hub_offline_is_one_line_that_says_what_to_do(
    num_images: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def look_up(*arguments: object, **_: object) -> NoReturn:
        tried.append(arguments)
        no_network()

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")  # read when the client was imported
    with pytest.raises(
        UserError, match=r"cannot load nobody/nothing .*data=folder data\.path=FOLDER"
    ) as caught:
        open_hub("nobody/nothing", "val", num_images)
    assert "\n" not in str(caught.value)
    assert os.environ.get("HF_HUB_OFFLINE") == "0"
    assert len(tried) < 20  # a few retries, not minutes of them


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
