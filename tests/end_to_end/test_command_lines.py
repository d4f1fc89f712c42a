"""The command lines as a user meets them: one clear line for a mistake, and the whole way once."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.support.commands import Outcome, RunCli, one_line
from tests.support.hostile import no_network
from tests.support.networks import vgg_weights
from tests.support.pictures import noise_picture


def refused(outcome: Outcome, folder: Path) -> str:
    """The line with which a run is refused before it has a folder."""
    message = one_line(outcome)
    assert list(folder.rglob("config.yaml")) == []
    assert list(folder.rglob("*.safetensors")) == []
    return message


def test_no_such_style(train_cli, tmp_path: Path) -> None:
    message = refused(train_cli("style=stary_night"), tmp_path)
    assert "style: 'stary_night' is not one of" in message
    assert "did you mean 'starry_night'?" in message


def test_a_style_that_comes_without_a_picture(train_cli, tmp_path: Path) -> None:
    overrides = ("style=udnie", "style.name=mine", "experiment=smoke")
    message = refused(train_cli(*overrides), tmp_path)
    assert "style.image: no picture of mine comes with faststyle" in message
    assert "style.image=painting.jpg" in message


def test_missing_style_picture(train_cli, smoke_overrides: list[str], tmp_path: Path) -> None:
    message = refused(train_cli(*smoke_overrides, "style.image=nowhere.jpg"), tmp_path)
    assert "style.image: no such picture: nowhere.jpg" in message


def test_style_picture_that_is_none(train_cli, smoke_overrides: list[str], tmp_path: Path) -> None:
    (tmp_path / "painting.jpg").write_text("no painting")
    message = refused(train_cli(*smoke_overrides, "style.image=painting.jpg"), tmp_path)
    assert "style.image: not a picture: painting.jpg" in message


def test_empty_data_folder(train_cli, smoke_overrides: list[str], tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    arguments = (*smoke_overrides, "data=folder", "data.path=photos")
    assert "data.path: no pictures in photos: found nothing" in refused(
        train_cli(*arguments), tmp_path
    )


def test_unknown_layer(train_cli, smoke_overrides: list[str], tmp_path: Path) -> None:
    message = refused(train_cli(*smoke_overrides, "loss.style_layers=[relu2_5]"), tmp_path)
    assert "'relu2_5' is not one of conv1_1" in message
    assert "did you mean 'relu" in message


def test_offline_without_weights(
    train_cli, smoke_overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.hub.urlopen", no_network)
    message = refused(train_cli(*smoke_overrides, "loss_network.weights=torchvision"), tmp_path)
    assert "loss_network.weights=FILE" in message


@pytest.mark.parametrize("key", ["runs_dir", "checkpoint_dir"])
def test_unwritable_folder(key: str, train_cli, smoke_overrides: list[str], tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("in the way")
    message = refused(train_cli(*smoke_overrides, f"{key}=file.txt/x"), tmp_path)
    assert f"{key}: cannot write in file.txt/x" in message


@pytest.mark.parametrize("where", ["nowhere", "folder"])
def test_resume_of_what_is_no_run(where: str, train_cli, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    message = refused(train_cli(f"resume={where}"), tmp_path)
    assert f"resume: {where} is not a run folder with a config.yaml and a last.ckpt" in message


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("trainer.accelerator=tpuu", ["trainer.accelerator", "auto, cpu, gpu, mps"]),
        ("network.norm=layer", ["network.norm", "instance, batch"]),
        ("loss.formula=gatys", ["loss.formula", "did you mean 'gatys2016'"]),
        ("loss_network.pooling=min", ["loss_network.pooling", "max, average"]),
        ("data.source=folders", ["data.source", "did you mean 'folder'"]),
        ("init_from=nowhere.safetensors", ["no such checkpoint: nowhere.safetensors"]),
    ],
)
def test_wrong_names_in_settings(
    override: str, parts: list[str], train_cli, smoke_overrides: list[str], tmp_path: Path
) -> None:
    message = refused(train_cli(*smoke_overrides, override), tmp_path)
    for part in parts:
        assert part in message


def test_weights_of_another_network_in_a_process_of_its_own(
    run_cli: RunCli, smoke_overrides: list[str], tmp_path: Path
) -> None:
    """The last check before training: by now every library had its chance to print something."""
    torch.save(vgg_weights("vgg19", 3, 4, seed=0), tmp_path / "vgg19.pth")
    outcome = run_cli(
        "train",
        *smoke_overrides,
        "loss_network=vgg16",
        "loss.style_layers=[relu3_3]",
        "loss_network.weights=vgg19.pth",
    )
    message = refused(outcome, tmp_path)
    assert "not vgg16's" in message
    assert "give vgg16's weights or another loss_network" in message


def test_train_stop_infer_and_resume_in_processes_of_their_own(
    run_cli: RunCli, smoke_overrides: list[str], tmp_path: Path
) -> None:
    """Ctrl-C on a long run, its checkpoint used, then on with it, but not with other settings."""
    long = [*smoke_overrides, "trainer.max_steps=100000", "trainer.preview_every=1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "train", *long],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 240
    while not list(tmp_path.glob("runs/starry_night/*/previews/step_000002.jpg")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 128 + signal.SIGINT, err
    assert err == "\nStopping after this step; the same again stops at once.\n"
    assert "Stopped at step" in out
    (run_dir,) = tmp_path.glob("runs/starry_night/*")
    assert f"python -m train resume={run_dir}" in out
    assert not (tmp_path / "checkpoints" / "starry_night.safetensors").exists()

    noise_picture(1, 45, 31).save(tmp_path / "photo.jpg")
    style = run_dir / "starry_night.safetensors"
    outcome = run_cli("infer", "--ckpt", style, "photo.jpg", "--output", "out.png")
    assert (outcome.code, outcome.err) == (0, ""), outcome
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == (45, 31)

    outcome = run_cli("train", f"resume={run_dir}", "trainer.max_steps=4")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert "was started with trainer.max_steps=100000, not 4" in outcome.err


def test_resume_with_other_settings_is_refused(
    train_cli, smoke_overrides: list[str], tmp_path: Path
) -> None:
    assert train_cli(*smoke_overrides).code == 0
    (run_dir,) = tmp_path.glob("runs/starry_night/*")
    for change, said in {
        "trainer.max_steps=4": "trainer.max_steps=2, not 4",
        "seed=1": "seed=0, not 1",
        "style=udnie": "style.name=starry_night, not udnie",
        "network=full": "network.width=4, not 32",
        "loss.style_layers=[relu1_1]": "loss.style_layers=",
    }.items():
        outcome = train_cli(f"resume={run_dir}", change)
        assert outcome.code == 2, change
        assert outcome.err.count("\n") == 1
        assert f"resume: {run_dir} was started with {said}" in outcome.err


def test_resume_of_a_finished_run_says_that_it_is(
    train_cli, smoke_overrides: list[str], tmp_path: Path
) -> None:
    assert train_cli(*smoke_overrides).code == 0
    (run_dir,) = tmp_path.glob("runs/starry_night/*")
    before = (run_dir / "last.ckpt").read_bytes()
    # What agrees with the run may be given again.
    outcome = train_cli(f"resume={run_dir}", "trainer.max_steps=2", "seed=0")
    assert (outcome.code, outcome.err) == (0, "")
    assert "all its 2 steps" in outcome.out
    assert str(run_dir / "starry_night.safetensors") in outcome.out
    assert (run_dir / "last.ckpt").read_bytes() == before
