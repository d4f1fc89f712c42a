"""The command evaluate: what it measures, writes and keeps, and how it refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from faststyle.checkpoints.style_checkpoint import read_checkpoint, write_checkpoint
from faststyle.evaluate import curves, explain, measure
from faststyle.evaluate.command import main
from faststyle.images.read import load_image
from tests.support.commands import Outcome, in_process, one_line
from tests.support.networks import TRAINED_METADATA, tiny_net
from tests.support.pictures import noise_picture, save_animated

Cli = Callable[..., Outcome]


def make_checkpoint(path: Path, seed: int, metadata: dict | None = None) -> Path:
    write_checkpoint(path, tiny_net(seed), metadata or TRAINED_METADATA)
    return path


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return make_checkpoint(tmp_path / "tiny.safetensors", seed=0)


@pytest.fixture
def cli(
    tmp_path: Path,
    checkpoint: Path,
    painting: Path,
    photo_dir: Path,
    tiny_weights: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Cli:
    """The command line in this process; named options replace those of a run of seconds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*flags: str, **changes: object) -> Outcome:
        options: dict[str, object] = {
            "ckpt": checkpoint,
            "style": painting,
            "images": photo_dir,
            "loss_network_weights": tiny_weights,
            "sizes": 48,
            "max_images": 3,
            "iterations": 3,
            "device": "cpu",
            **changes,
        }
        given = [f"--{k.replace('_', '-')}={v}" for k, v in options.items() if v is not None]
        return in_process("evaluate", lambda: main([*given, *flags]), capfd)

    return run


@pytest.fixture
def count_curves(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by the start of every curve that is measured."""
    measured: list[str] = []

    def counting(perceptual_loss, photo, start, iterations, on_iteration):
        measured.append(start)
        return curves.measure_curve(perceptual_loss, photo, start, iterations, on_iteration)

    monkeypatch.setattr(measure, "measure_curve", counting)
    return measured


def test_it_measures_and_writes_everything(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("--sizes=48,56")
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "evaluation"
    names = {"results.json", "objective.png", "contact_sheet_56.jpg", "contact_sheet_48.jpg"}
    assert {path.name for path in folder.iterdir()} == names
    for name in names - {"results.json"}:
        assert min(load_image(folder / name).size) > 100
    for expected in ("56 pixels, medians over 3 photos", "iterations from noise", "checkerboard"):
        assert expected in outcome.out
    results = json.loads((folder / "results.json").read_text())
    assert len(results["photos"]) == 6
    summary = results["sizes"]["48"]
    assert summary["untouched"]["content_loss"] == 0
    assert list(summary["lbfgs"]["noise"]) == ["1", "3"]
    # From the content, the start is the untouched photo.
    photo = results["photos"][0]
    assert photo["lbfgs"]["content"]["total_loss"][0] == pytest.approx(
        photo["untouched"]["total_loss"]
    )
    assert photo["speed_up"]["noise"]["value"] > 0
    for start in ("noise", "content"):
        totals = photo["lbfgs"][start]["total_loss"]
        assert len(totals) == 4
        assert totals[-1] < totals[0]


def test_a_second_run_takes_the_curves_from_the_cache(
    cli: Cli, tmp_path: Path, count_curves: list[str]
) -> None:
    assert cli().code == 0
    assert sorted(count_curves) == ["content"] * 3 + ["noise"] * 3
    first = json.loads((tmp_path / "evaluation/results.json").read_text())
    count_curves.clear()
    other = make_checkpoint(tmp_path / "other.safetensors", seed=1)
    assert cli(ckpt=other).code == 0
    assert count_curves == []
    second = json.loads((tmp_path / "evaluation/results.json").read_text())
    for a, b in zip(first["photos"], second["photos"], strict=True):
        assert a["lbfgs"] == b["lbfgs"]
        assert a["network"] != b["network"]
    assert cli("--set", "loss.style_weight=2").code == 0
    assert len(count_curves) == 6


def test_a_stopped_run_goes_on_where_it_was(
    cli: Cli, count_curves: list[str], tmp_path: Path
) -> None:
    assert cli(max_images=1).code == 0
    assert len(count_curves) == 2
    damaged = next((tmp_path / "cache/faststyle/curves").glob("*.json"))
    damaged.write_text(damaged.read_text()[:100])
    assert cli(max_images=2).code == 0
    assert len(count_curves) == 2 + 1 + 2


def test_settings_given_replace_the_checkpoints(cli: Cli, tmp_path: Path) -> None:
    changes = ("loss.formula=gatys2016", "loss.style_layers=[relu1_1]", "style.size=32")
    assert cli("--set", *changes, max_images=1).code == 0
    found = json.loads((tmp_path / "evaluation/results.json").read_text())
    assert found["objective"]["loss"]["formula"] == "gatys2016"
    assert found["objective"]["loss"]["style_layers"] == ["relu1_1"]
    assert found["objective"]["loss"]["content_layers"] == ["relu2_2"]


def test_explain_writes_a_page(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "TEXTURE_STEPS", 2)
    outcome = cli("--explain", max_images=1)
    assert outcome.code == 0, outcome.err
    page = load_image(tmp_path / "evaluation/explain.jpg")
    assert page.width >= 4 * explain.TEXTURE_SIZE


def test_damaged_and_narrow_photos_are_skipped(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"no picture")
    noise_picture(1, 200, 20).save(folder / "b.png")
    outcome = cli(images=folder)
    assert outcome.code == 2
    assert "a.jpg; skipped" in outcome.err
    assert "b.png: its short side is below 32 pixels at size 48; skipped" in outcome.err
    assert "none of 2 photos can be used" in outcome.err
    noise_picture(1).save(folder / "c.png")
    outcome = cli(images=folder)
    assert outcome.code == 0
    assert "medians over 1 photos" in outcome.out


def test_another_file_of_the_painting_is_mentioned(cli: Cli, tmp_path: Path) -> None:
    style = {**TRAINED_METADATA["style"], "image_sha256": "0" * 64}
    other = make_checkpoint(tmp_path / "other.safetensors", 0, {**TRAINED_METADATA, "style": style})
    outcome = cli(ckpt=other, max_images=1)
    assert outcome.code == 0
    assert "is not the file that the checkpoint was trained on" in outcome.err


def test_without_a_painting_the_swatch_is_measured_against(cli: Cli, tmp_path: Path) -> None:
    outcome = cli(style=None, max_images=1)
    assert outcome.code == 2
    assert "--style: no picture of 'tiny' is bundled" in outcome.err
    style = {"name": "udnie", "size": 48}
    other = make_checkpoint(tmp_path / "other.safetensors", 0, {**TRAINED_METADATA, "style": style})
    outcome = cli(ckpt=other, style=None, max_images=1)
    assert outcome.code == 0, outcome.err
    assert "Style image: the bundled swatch" in outcome.out


MISTAKES = {
    "ckpt=gone.safetensors": "no such checkpoint: gone.safetensors",
    "style=gone.jpg": "--style: no such picture: gone.jpg",
    "images=gone": "--images: no such folder: gone",
    "images=empty": "--images: no pictures in empty: they end in .jpg",
    "loss_network_weights=gone.pth": "--loss-network-weights: no such file: gone.pth",
    "loss_network_weights=other.pth": "--loss-network-weights: not vgg19's",
    "sizes=large": "--sizes: 'large' is not a comma-separated list of integers",
    "sizes=256,8": "--sizes: must be at least 32, got 8",
    "sizes=10000000": "fits",
    "iterations=0": "--iterations: '0' is not a whole number above 0",
    "max_images=0": "--max-images: '0' is not a whole number above 0",
    "output=file": "--output: cannot write in file",
    "cache=file": "--cache: cannot write in file",
    "device=warp": "device: cannot use 'warp'",
    "set=style_weight": "--set 'style_weight': give KEY=VALUE",
    "set=loss.stile_weight=2": "loss.stile_weight: no such key; there are formula",
    "set=loss.style_weight=-1": "loss.style_weight: must be at least 0",
    "set=loss.style_layers=[relu9_9]": "'relu9_9' is not one of",
    "set=loss.formula=gatys": "loss.formula: 'gatys' is not one of",
}


@pytest.mark.parametrize("given", MISTAKES)
def test_a_mistake_is_one_line(cli: Cli, tmp_path: Path, given: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    torch.save({"features.0.weight": torch.zeros(1)}, tmp_path / "other.pth")
    key, _, value = given.partition("=")
    outcome = cli(**{key: value})
    assert MISTAKES[given] in one_line(outcome)
    assert outcome.out == ""


def test_a_checkpoint_that_does_not_say_its_loss(cli: Cli, tmp_path: Path) -> None:
    silent = {key: TRAINED_METADATA[key] for key in ("format", "network")}
    path = make_checkpoint(tmp_path / "silent.safetensors", 0, silent)
    outcome = cli(ckpt=path)
    assert outcome.code == 2
    assert "loss.formula: needs a value" in outcome.err
    assert read_checkpoint(path).metadata["network"] == TRAINED_METADATA["network"]


@pytest.mark.real
def test_real_curves_fall(cli: Cli, real_data: Path, tmp_path: Path) -> None:
    """VGG-19 to relu5_1, one photo of 64 pixels."""
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(real_data / "data/content/tubingen.jpg", folder)
    layers = "loss.style_layers=[relu1_1,relu2_1,relu3_1,relu4_1,relu5_1]"
    outcome = cli(
        "--set",
        "loss.content_layers=[relu4_2]",
        layers,
        images=folder,
        style=real_data / "data/styles/starry_night.jpg",
        loss_network_weights=real_data / "weights/vgg19_oxford_conv5_1_fp16.pth",
        sizes=64,
        iterations=10,
    )
    assert outcome.code == 0, outcome.err
    (photo,) = json.loads((tmp_path / "evaluation/results.json").read_text())["photos"]
    totals = photo["lbfgs"]["noise"]["total_loss"]
    assert totals[-1] < 0.3 * totals[0]


def test_what_is_to_be_known_about_pictures_is_printed_once(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    for name in ("style.gif", "films/photo.gif"):
        save_animated(tmp_path / name)
    outcome = cli(images="films", style="style.gif", sizes="48,56", iterations=1)
    assert outcome.code == 0
    lines = [line for line in outcome.err.splitlines() if "first frame" in line]
    assert lines == [
        f"evaluate: {name}.gif: animated, only its first frame is used"
        for name in ("style", "photo")
    ]
