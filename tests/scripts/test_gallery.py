"""The scripts that train and show the gallery."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faststyle.checkpoints.style_checkpoint import read_checkpoint, write_checkpoint
from scripts.gallery import cards, contact_sheet, pictures, train, viewers, vivid
from tests.support.checkout import CHECKOUT, SHIPPED
from tests.support.pictures import noise_picture
from tests.support.runs import TINY_LAYERS, compose_config


def test_the_cards_say_what_the_checkpoints_say() -> None:
    written = (CHECKOUT / "docs" / "styles.md").read_text(encoding="utf-8")
    hint = "run: python -m scripts.gallery.cards"
    assert written == cards.page(SHIPPED), hint
    for picture in re.findall(r"\((images/[^)]*)\)", written):
        assert 10_000 < (CHECKOUT / "docs" / picture).stat().st_size < 400_000, hint


def test_a_card_of_a_style_that_knows_more_of_itself(tmp_path: Path) -> None:
    first = read_checkpoint(SHIPPED[0])
    training = {"init_from": "starry_night.safetensors"}
    metadata = {**first.metadata, "training": {**first.metadata["training"], **training}}
    metadata["metrics"] = {"equivalent_lbfgs_iterations": "100"}
    write_checkpoint(tmp_path / "more.safetensors", first.build(), metadata)
    facts = dict(cards.facts(tmp_path / "more.safetensors", metadata))
    assert facts["training"].endswith("started from `starry_night.safetensors`")
    assert facts["yardstick"] == "worth 100 L-BFGS iterations"


def test_the_gallery_is_one_wide_picture(tmp_path: Path, ckpt: Path, monkeypatch) -> None:
    for name in ("starry_night", "another", "third", "fourth"):
        shutil.copy(ckpt, tmp_path / f"{name}.safetensors")
    arguments = ["pictures", "--checkpoints", str(tmp_path), "--output", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", arguments)
    pictures.main()
    with Image.open(tmp_path / "gallery.jpg") as picture:
        assert picture.width > 1.8 * picture.height  # five: a row of three, a row of two
    assert (tmp_path / "gallery.jpg").stat().st_size < 400_000
    assert (tmp_path / "landscape_strengths.jpg").stat().st_size < 400_000


def test_a_contact_sheet_has_a_row_for_every_photo(
    tmp_path: Path, ckpt: Path, photo_dir: Path, monkeypatch
) -> None:
    output = tmp_path / "sheet.jpg"
    given = [str(photo_dir), "--ckpt", str(ckpt), "starry_night", "--size", "64"]
    monkeypatch.setattr(sys, "argv", ["contact_sheet", *given, "--output", str(output)])
    contact_sheet.main()
    with Image.open(output) as picture:
        assert picture.height > 64 * len(list(photo_dir.iterdir()))
        assert picture.width > 3 * 64


@pytest.fixture
def paintings(tmp_path: Path) -> Path:
    folder = tmp_path / "paintings"
    folder.mkdir()
    for seed, name in enumerate(("starry_night", "udnie", "great_wave")):
        noise_picture(seed).save(folder / f"{name}.jpg")
    return folder


def options(paintings: Path, output: Path, *more: str):
    styles = ("starry_night", "udnie", "great_wave")
    given = ("--style-images", str(paintings), "--output", str(output), "--styles", *styles)
    return train.parse([*given, *more])


def test_every_run_of_the_gallery_has_its_own_painting(paintings: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    runs = [compose_config(*run) for run in train.commands(options(paintings, output))]
    names = ("starry_night", "udnie", "great_wave")
    assert [run.style.image for run in runs] == [str(paintings / f"{n}.jpg") for n in names]
    base = str(output / "starry_night.safetensors")
    assert [run.init_from for run in runs] == [None, base, base]
    assert [run.trainer.max_steps for run in runs] == [1400, 900, 500]
    assert runs[1].loss.style_weight == 4  # the default, where a style sets no weight


def test_a_bold_style_has_a_part_for_motifs_and_one_for_the_photo(tmp_path: Path) -> None:
    output = tmp_path / "out"
    given = ["--style-images", str(tmp_path), "--output", str(output), "--styles", "the_scream"]
    runs = [compose_config(*run) for run in train.commands(train.parse(given))]
    # The Starry Night's motifs come first: those of the others start from them.
    assert [run.style.name for run in runs] == ["starry_night", "the_scream", "the_scream"]
    parts = [str(output / "parts" / f"{run.style.name}.safetensors") for run in runs]
    assert [run.init_from for run in runs] == [None, parts[0], parts[1]]
    assert [run.checkpoint_dir for run in runs] == [*[str(output / "parts")] * 2, str(output)]
    assert [run.trainer.max_steps for run in runs] == [450, 220, 160]
    assert [run.loss.style_weight for run in runs] == [10, 8, 2]
    assert [run.data.image_size for run in runs] == [256, 192, 256]


def test_a_style_of_the_compact_loss_network_takes_no_weights_of_vgg19(tmp_path: Path) -> None:
    given = ["--style-images", "images", "--output", str(tmp_path)]
    given += ["--loss-network-weights", "vgg19.pth", "--styles", "composition_vii"]
    (run,) = train.commands(train.parse(given))
    config = compose_config(*run)
    assert (config.loss_network.name, config.loss_network.weights) == ("compact", "bundled")
    assert config.init_from is None


def test_what_is_there_is_not_trained_again(paintings: Path, tmp_path: Path) -> None:
    for name in ("starry_night", "udnie"):
        (tmp_path / f"{name}.safetensors").touch()
    (only,) = train.commands(options(paintings, tmp_path))
    assert only[0] == "style=great_wave"


def test_the_gallery_trains(
    paintings: Path, tiny_weights: Path, photo_dir: Path, tmp_path: Path, monkeypatch
) -> None:
    output = tmp_path / "checkpoints"
    tiny = ["network.width=4", "network.num_residual_blocks=1", "style.size=64", *TINY_LAYERS]
    tiny += ["data.image_size=32", "data.num_val_images=2", "data.batch_size=2"]
    tiny += ["trainer.max_steps=2", "trainer.photo_steps=2", "trainer.yardstick=false"]
    tiny += [f"runs_dir={tmp_path}/runs", "trainer.progress_bar=false", "trainer.accelerator=cpu"]
    given = ["--style-images", str(paintings), "--output", str(output), "--photos", str(photo_dir)]
    given += ["--loss-network-weights", str(tiny_weights), "--styles", "starry_night", "udnie"]
    monkeypatch.setattr(sys, "argv", ["train", *given, "--", *tiny])
    monkeypatch.chdir(tmp_path)
    train.main()
    training = read_checkpoint(output / "udnie.safetensors").metadata["training"]
    assert training["init_from"] == "starry_night.safetensors"
    assert len(training["init_from_sha256"]) == 64
    assert (
        "init_from" not in read_checkpoint(output / "starry_night.safetensors").metadata["training"]
    )


def test_figures_are_counted_against_the_choices_of_viewers(tmp_path: Path) -> None:
    Image.new("RGB", (96, 64), "gray").save(tmp_path / "flat.png")
    noise_picture(1, 12, 8).resize((96, 64), Image.Resampling.BICUBIC).save(tmp_path / "bold.png")
    pair = {"photo": "flat.png", "style_image": "bold.png"}
    right = {**pair, "chosen": "bold.png", "other": "flat.png"}
    wrong = {**pair, "chosen": "flat.png", "other": "bold.png"}
    (tmp_path / "pairs.json").write_text(
        json.dumps({"all": [right, right], "half": [right, wrong]})
    )
    assert "| stroke_contrast | 2 of 2 | 1 of 2 |" in viewers.table(tmp_path / "pairs.json", 96)


def test_a_pale_scan_becomes_vivid() -> None:
    pale = Image.blend(noise_picture(3), Image.new("RGB", noise_picture(3).size, "gray"), 0.7)
    before, after = (np.asarray(picture, float) for picture in (pale, vivid.vivid(pale)))
    saturation = [np.mean(picture.max(2) - picture.min(2)) for picture in (before, after)]
    assert saturation[1] > 1.6 * saturation[0]
    assert after.std() > 1.5 * before.std()
