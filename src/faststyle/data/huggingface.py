"""Photos out of Hugging Face datasets: from the hub, or from tables on disk."""

from __future__ import annotations

import io
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from faststyle.errors import UserError, one_line
from faststyle.images.read import load_image

if TYPE_CHECKING:
    from datasets import Dataset


def utf8_names(names: list[str]) -> list[str]:
    """Names that are valid UTF-8, as a table needs them; prints how many were dropped."""
    good = [name for name in names if not any("\ud800" <= c <= "\udfff" for c in name)]
    if len(good) < len(names):
        odd = next(name for name in names if name not in set(good))
        left_out = f"{len(names) - len(good)} photos have names that are not UTF-8"
        print(f"data.path: {left_out}, {odd!a} the first; left out", file=sys.stderr)
    return good


def check_parquet(files: list[str]) -> None:
    """Check that every file has a readable footer, and that there are rows.

    Raises:
        UserError: a file is damaged, or all are empty.
    """
    from pyarrow import ArrowException, parquet

    rows = 0
    for file in files:
        try:
            rows += parquet.read_metadata(file).num_rows
        except (ArrowException, OSError) as error:
            raise UserError(
                f"data.path: {file} is damaged ({one_line(str(error))}); "
                "fetch it again or remove it"
            ) from error
    if rows == 0:
        raise UserError(f"data.path: {files[0]} holds 0 photos; give another folder")


def open_tables(path: Path, load: Callable[[], Dataset]) -> Dataset:
    """Return `load()`; its errors become a UserError that names `path`."""
    try:
        return load()
    except Exception as error:  # damaged tables raise by library, release and place
        reason = one_line(str(error.__cause__ or error))
        raise UserError(f"data.path: cannot read the tables in {path}: {reason}") from error


HUB = os.environ.get("HF_ENDPOINT", "https://huggingface.co")


class HuggingFacePhotos:
    """The pictures of a Hugging Face dataset.

    They are decoded here and not by `datasets`, so that the error for a damaged one names it.

    Args:
        dataset: has a column of pictures.
        origin: the name of the dataset or folder, for messages.
    """

    def __init__(self, dataset: Dataset, origin: str):
        column = _image_column(dataset, origin)
        try:
            self.dataset = dataset.select_columns([column]).cast_column(column, undecoded())
        except Exception as error:  # of arrow, by release and type
            reason = one_line(str(error))
            raise UserError(f"data.path: {origin}: {column} is not a picture: {reason}") from error
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


def open_hub(path: str, split: str, num_images: int | None) -> HuggingFacePhotos:
    """Open a dataset of the Hugging Face hub, or a local folder in its format; cached on disk.

    Args:
        num_images: how many photos are streamed; None downloads the whole split.

    Raises:
        UserError: it cannot be loaded, or has no column of pictures.
    """
    with _offline() if not Path(path).exists() and not _hub_answers() else nullcontext():
        import datasets

    try:
        if num_images is None:
            dataset = datasets.load_dataset(path, split=split)
        else:
            dataset = datasets.Dataset.from_generator(
                _stream,
                gen_kwargs={"path": path, "split": split, "num_images": num_images},
                features=datasets.Features({"image": undecoded()}),
            )
    # Offline, the hub's client raises a class that depends on its release and stage.
    except Exception as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        raise UserError(
            f"data.path: cannot load {path} (split {split}) from the Hugging Face hub: {reason}; "
            "use pictures of your own with data=folder data.path=FOLDER, or data=synthetic"
        ) from error
    return HuggingFacePhotos(dataset, path)


@contextmanager
def _offline() -> Iterator[None]:
    """Have the hub's client use its cache at once, where it would retry for a minute.

    It reads the variable when it is imported. Afterwards the variable is as before: it would also
    concern what else runs in this process, and what that starts.
    """
    before = os.environ.get("HF_HUB_OFFLINE")
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["HF_HUB_OFFLINE"]
        else:
            os.environ["HF_HUB_OFFLINE"] = before


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
    for row in islice(dataset.cast_column(column, undecoded()), num_images):
        yield {"image": row[column]}


def undecoded():
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
