"""Content photos: the same batches whatever loads them, and no photo can stop a run."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import datasets
import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from conftest import noise_picture
from PIL import Image
from torch import Tensor

from faststyle.data.crops import LONGEST_ASPECT, Crops, random_crop, reject_odd_shape
from faststyle.data.datamodule import ContentData
from faststyle.data.huggingface import open_hub
from faststyle.data.sampler import RunSampler
from faststyle.data.sources import PhotoSource, open_folder, open_photos
from faststyle.data.synthetic import SyntheticPhotos
from faststyle.errors import UserError
from faststyle.images.read import load_image

# --- order ------------------------------------------------------------------------------------


def positions(num_photos: int = 5, stop: int = 20, start: int = 0, rank: int = 0, world: int = 1):
    return list(RunSampler(num_photos, stop, seed=3, start=start, rank=rank, world=world))


def test_every_epoch_is_a_new_shuffle_of_all_photos() -> None:
    photos = [photo for _, photo in positions()]
    epochs = [photos[i : i + 5] for i in range(0, 20, 5)]
    assert all(sorted(epoch) == [0, 1, 2, 3, 4] for epoch in epochs)
    assert len(set(map(tuple, epochs))) > 1
    assert [position for position, _ in positions()] == list(range(20))


@pytest.mark.parametrize("start", [1, 5, 7, 19, 20])
def test_starting_in_the_middle_gives_the_tail(start: int) -> None:
    assert positions(start=start) == positions()[start:]


def test_ranks_share_the_run_between_them() -> None:
    shares = [positions(stop=18, rank=rank, world=3) for rank in range(3)]
    assert {len(share) for share in shares} == {6}
    assert sorted(pair for share in shares for pair in share) == positions(stop=18)


def test_another_seed_is_another_order() -> None:
    one, other = (list(RunSampler(50, 50, seed, 0, 0, 1)) for seed in (0, 1))
    assert one != other


def test_the_length_is_that_of_the_whole_run() -> None:
    assert len(RunSampler(5, 20, seed=0, start=12, rank=0, world=2)) == 10


# --- crops ------------------------------------------------------------------------------------


def crops(folder: Path, seed: int = 0, size: int = 32) -> Crops:
    photos = open_folder(folder)
    return Crops(photos, np.arange(len(photos)), size, seed)


def test_a_crop_is_fixed_by_seed_and_position(photo_dir: Path) -> None:
    first, again = crops(photo_dir)[(4, 2)][0], crops(photo_dir)[(4, 2)][0]
    assert first.shape == (3, 32, 32)
    assert first.dtype == torch.uint8
    assert torch.equal(first, again)
    assert not torch.equal(first, crops(photo_dir)[(5, 2)][0])
    assert not torch.equal(first, crops(photo_dir, seed=1)[(4, 2)][0])


def test_half_of_the_crops_are_flipped() -> None:
    """Left dark, right light: a flip turns the gradient round."""
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    photo = Image.fromarray(np.broadcast_to(ramp[None, :, None], (64, 64, 3)).copy())
    flipped = 0
    for i in range(200):
        crop = np.asarray(random_crop(photo, 16, np.random.default_rng(i)), dtype=int)
        flipped += crop[:, 0].mean() > crop[:, -1].mean()
    assert 70 < flipped < 130


def test_crops_stay_inside_the_photo_and_fill_its_short_side() -> None:
    """Of a constant photo any crop is that constant: nothing from outside gets in."""
    photo = Image.new("RGB", (90, 40), (200, 100, 50))
    for i in range(50):
        crop = np.asarray(random_crop(photo, 32, np.random.default_rng(i)))
        assert crop.shape == (32, 32, 3)
        assert (crop == (200, 100, 50)).all()


def test_crops_are_antialiased() -> None:
    stripes = np.zeros((512, 512, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    crop = np.asarray(random_crop(Image.fromarray(stripes), 32, np.random.default_rng(0)))
    assert abs(crop.astype(int) - 128).max() < 25


# --- batches ----------------------------------------------------------------------------------


class Recorder(pl.LightningModule):
    """Keeps what it is given; learns nothing of use."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.batches: list[Tensor] = []

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        self.batches.append(batch)
        return self.weight * batch.mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def content_data(photos: PhotoSource, **changes: float | None) -> ContentData:
    arguments: dict = {
        "image_size": 32,
        "batch_size": 3,
        "num_images": None,
        "num_val_images": 2,
        "num_workers": 0,
        "seed": 0,
        "max_bad_share": 1.0,
    }
    return ContentData(photos, **{**arguments, **changes})


def batches(content: ContentData, steps: int = 3) -> list[Tensor]:
    module = Recorder()
    trainer = pl.Trainer(
        max_steps=steps,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    trainer.fit(module, content)
    return module.batches


def test_batches_are_the_same_with_and_without_workers(photo_dir: Path) -> None:
    photos = open_folder(photo_dir)
    alone = batches(content_data(photos))
    helped = batches(content_data(photos, num_workers=2))
    assert len(alone) == len(helped) == 3
    for one, other in zip(alone, helped, strict=True):
        assert one.shape == (3, 3, 32, 32)
        assert one.dtype == torch.float32
        assert 0 <= one.min() < one.max() <= 1
        assert torch.equal(one, other)


def test_held_out_photos_are_never_trained_on(tmp_path: Path) -> None:
    """Ten photos, each of one grey: a crop tells which photo it is of."""
    for i in range(10):
        Image.new("RGB", (40, 40), (20 * i,) * 3).save(tmp_path / f"{i}.png")

    def greys(images: Tensor) -> set[int]:
        return {round(image.mean().item() * 255) // 20 for image in images}

    content = content_data(open_folder(tmp_path))
    held_out = greys(content.val_photos())
    trained = set().union(*map(greys, batches(content, steps=8)))  # 24 crops: three epochs
    assert len(held_out) == 2
    assert len(trained) == 8
    assert held_out.isdisjoint(trained)


def test_num_images_takes_a_subset_that_the_seed_decides(photo_dir: Path) -> None:
    photos = open_folder(photo_dir)
    small = content_data(photos, num_images=5)
    assert small.num_photos == 5
    assert len(small.val_photos()) == 1  # at most a fifth
    assert content_data(photos, num_images=100).num_photos == 8


def test_one_photo_is_enough(tmp_path: Path) -> None:
    noise_picture(0).save(tmp_path / "only.png")
    content = content_data(open_folder(tmp_path))
    assert content.val_photos().shape == (1, 3, 32, 32)
    assert [len(batch) for batch in batches(content, steps=2)] == [3, 3]


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


@pytest.mark.parametrize("size", [(31, 300), (300, 31), (32, int(32 * LONGEST_ASPECT) + 1)])
def test_odd_shapes_are_rejected(size: tuple[int, int]) -> None:
    with pytest.raises(UserError, match=rf"{size[0]} x {size[1]} pixels"):
        reject_odd_shape(Image.new("RGB", size))
    reject_odd_shape(Image.new("RGB", (32, int(32 * LONGEST_ASPECT))))


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

    def no_network(*args: object, **kwargs: object) -> None:
        tried.append(args)
        raise OSError("network is unreachable")

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    with pytest.raises(
        UserError, match=r"cannot load nobody/nothing .*data=folder data\.path=FOLDER"
    ) as caught:
        open_hub("nobody/nothing", "val", num_images)
    assert "\n" not in str(caught.value)
    assert len(tried) < 20  # a few retries, not minutes of them


# --- drawn pictures ---------------------------------------------------------------------------


def test_synthetic_photos_are_seeded_and_varied() -> None:
    def drawn(seed: int) -> list[np.ndarray]:
        photos = SyntheticPhotos(num_images=6, seed=seed, size=48)
        assert len(photos) == 6
        return [np.asarray(photos.load(i)) for i in range(len(photos))]

    first, again, other = drawn(0), drawn(0), drawn(1)
    assert all(picture.shape == (48, 48, 3) for picture in first)
    assert all(map(np.array_equal, first, again))
    assert not any(map(np.array_equal, first, other))
    for i in range(6):
        assert first[i].std() > 5  # something is drawn in it
        assert not any(np.array_equal(first[i], first[j]) for j in range(i))


def test_drawn_batches_are_the_same_with_and_without_workers() -> None:
    alone, helped, other = (
        batches(content_data(SyntheticPhotos(9, seed, 32), num_workers=workers), steps=2)
        for seed, workers in ((0, 0), (0, 2), (1, 0))
    )
    assert len(alone) == len(helped) == 2
    for one, two, three in zip(alone, helped, other, strict=True):
        assert one.shape == (3, 3, 32, 32)
        assert torch.equal(one, two)
        assert not torch.equal(one, three)


def test_drawn_pictures_are_as_large_as_asked() -> None:
    photos = SyntheticPhotos(num_images=1, seed=0, size=40)
    assert photos.load(0).size == (40, 40)
    assert photos.load(0, min_side=50).size == (50, 50)


def test_drawn_pictures_have_the_statistics_of_photos() -> None:
    """Ranges around what scripts/compare_content.py finds of COCO; noise or flat shapes fail."""
    photos = SyntheticPhotos(num_images=24, seed=0, size=128)
    levels = np.stack([np.asarray(photos.load(i)) for i in range(len(photos))]) / 255
    grey = levels.mean(-1)
    assert (levels.mean((0, 1, 2)) > 0.3).all()
    assert (levels.mean((0, 1, 2)) < 0.6).all()
    assert 0.2 < grey.std() < 0.35
    assert 0.6 < np.corrcoef(levels.reshape(-1, 3).T).min() < 0.98
    across = np.diff(grey, axis=2)
    assert 8 < (across**4).mean() / (across**2).mean() ** 2 < 60
    power = (np.abs(np.fft.rfft(grey, axis=2)) ** 2).mean((0, 1))
    frequency = np.arange(2, 49)
    # Along a line the slope is flatter by one than over the plane's frequencies.
    slope = np.polyfit(np.log(frequency), np.log(power[frequency]), 1)[0]
    assert -2.2 < slope < -1.0


def test_synthetic_source_takes_its_number_of_images() -> None:
    assert len(open_photos("synthetic", None, None, num_images=7, seed=0, size=32)) == 7
