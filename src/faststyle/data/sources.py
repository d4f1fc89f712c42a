"""Where content photos come from: the Hugging Face hub, or a folder, through `datasets`."""

from __future__ import annotations

import io
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from PIL import Image

from faststyle.data.huggingface import check_parquet, in_utf8, opened
from faststyle.errors import UserError, one_line
from faststyle.images.tensors import READABLE_SUFFIXES, load_image

if TYPE_CHECKING:
    from datasets import Dataset

HUB = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
SOURCES = ("hub", "folder", "synthetic")


class Photos(Protocol):
    """Pictures by index. `load` raises UserError for a damaged one; `name` tells which it was."""

    def __len__(self) -> int: ...
    def name(self, index: int) -> str: ...
    def load(self, index: int, min_side: int | None = None) -> Image.Image: ...


class DatasetPhotos:
    """The pictures of a Hugging Face dataset, decoded by us, so that a damaged one has a name."""

    def __init__(self, dataset: Dataset, origin: str):
        column = _image_column(dataset, origin)
        try:
            self.dataset = dataset.select_columns([column]).cast_column(column, _undecoded())
        except Exception as error:  # of arrow, by release and type
            reason = one_line(str(error))
            raise UserError(f"data.path: {origin}: {column} is no picture: {reason}") from error
        self.column, self.origin = column, origin

    def __len__(self) -> int:
        return len(self.dataset)

    def name(self, index: int) -> str:
        return (self._row(index) or {}).get("path") or f"{self.origin}, row {index}"

    def load(self, index: int, min_side: int | None = None) -> Image.Image:
        row = self._row(index)
        if row is None or (row["bytes"] is None and row["path"] is None):
            raise UserError("there is no picture in this row")
        source = row["path"] if row["bytes"] is None else io.BytesIO(row["bytes"])
        return load_image(source, min_side)

    def _row(self, index: int) -> dict[str, Any] | None:
        return self.dataset[index][self.column]


def open_folder(path: Path) -> DatasetPhotos:
    """Pictures in a folder and its subfolders, or a dataset saved there as arrow or parquet."""
    import datasets

    if not path.is_dir():
        raise UserError(f"data.path: no such folder: {path}")
    files = sorted(file for file in path.rglob("*") if file.is_file())
    names = in_utf8([str(file) for file in files if file.suffix.lower() in READABLE_SUFFIXES])
    parquet = [str(file) for file in files if file.suffix == ".parquet"]
    if (path / "dataset_dict.json").is_file():
        one = next(path.glob("*/state.json"), path).parent
        raise UserError(f"data.path: {path} holds several splits; give one, such as {one}")
    if (path / "state.json").is_file():
        dataset = opened(path, lambda: datasets.Dataset.load_from_disk(str(path)))
    elif names:
        features = datasets.Features({"image": _undecoded()})
        dataset = datasets.Dataset.from_dict({"image": names}, features=features)
    elif parquet:
        check_parquet(parquet)
        dataset = opened(path, lambda: datasets.Dataset.from_parquet(parquet))  # type: ignore[arg-type]
    else:
        found = f"{len(files)} other files" if files else "nothing"
        raise UserError(
            f"data.path: no pictures in {path}: found {found}; "
            f"pictures end in {', '.join(READABLE_SUFFIXES)}, saved datasets in .parquet or .arrow"
        )
    return DatasetPhotos(dataset, str(path))


def open_hub(path: str, split: str, num_images: int | None) -> DatasetPhotos:
    """A dataset of the Hugging Face hub (or a local folder in its format), cached on disk.

    With `num_images`, only the first so many are streamed; else the whole split is downloaded.
    """
    if not Path(path).exists() and not _hub_answers():
        # The client reads this when it is imported. It then looks in its cache alone and at once,
        # where it would try again and again for a minute.
        os.environ["HF_HUB_OFFLINE"] = "1"
    import datasets

    try:
        if num_images is None:
            dataset = datasets.load_dataset(path, split=split)
        else:
            dataset = datasets.Dataset.from_generator(
                _stream,
                gen_kwargs={"path": path, "split": split, "num_images": num_images},
                features=datasets.Features({"image": _undecoded()}),
            )
    # Offline, the hub's client raises a different class at each release and stage.
    except Exception as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        raise UserError(
            f"data.path: cannot load {path} (split {split}) from the Hugging Face hub: {reason}; "
            "use pictures of your own with data=folder data.path=FOLDER, or data=synthetic"
        ) from error
    return DatasetPhotos(dataset, path)


def _hub_answers() -> bool:
    try:
        with urllib.request.urlopen(HUB, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _stream(path: str, split: str, num_images: int) -> Iterator[dict[str, Any]]:
    import datasets

    dataset = datasets.load_dataset(path, split=split, streaming=True)
    column = _image_column(dataset, path)
    for row in islice(dataset.cast_column(column, _undecoded()), num_images):
        yield {"image": row[column]}


def _undecoded():
    import datasets

    return datasets.Image(decode=False)


def _image_column(dataset: Any, origin: str) -> str:
    import datasets

    features = dataset.features or {}
    for name, feature in features.items():
        if isinstance(feature, datasets.Image) or name == "image":
            return name
    raise UserError(
        f"data.path: {origin} has no column of pictures; its columns: {', '.join(features)}"
    )
