"""Settings that may change when a run is resumed, and settings that may not."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from faststyle.checkpoints.run_folder import RunFolder
from faststyle.train.resume_rules import merge_saved
from tests.support.pictures import noise_picture
from tests.support.runs import TRAINING, compose_config, weights_of


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("trainer.max_steps=48", "trainer.max_steps=24, not 48; the learning rate falls to zero"),
        ("trainer.max_images=10", "trainer.max_images=None, not 10; the learning rate falls"),
        ("trainer.learning_rate=1", "trainer.learning_rate=0.005, not 1"),
        ("trainer.warmup_steps=1", "trainer.warmup_steps=50, not 1"),
        ("trainer.precision=bf16", "trainer.precision=32, not bf16"),
        ("data.image_size=64", "data.image_size=32, not 64"),
        ("data.num_images=9", "data.num_images=8, not 9"),
        ("experiment=quickstart", "data.num_images=8, not 2000"),
    ],
)
def test_what_matters_is_refused(change: str, said: str, train_cli, stopped: Path) -> None:
    before = (stopped / "config.yaml").read_bytes()
    outcome = train_cli(f"resume={stopped}", change)
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert f"resume: {stopped} was started with {said}" in outcome.err
    assert (stopped / "config.yaml").read_bytes() == before


def test_what_does_not_matter_may_change_and_is_said(
    train_cli, stopped: Path, whole: Path, smoke_overrides: list[str]
) -> None:
    """Also where the whole first command is given again."""
    outcome = train_cli(
        *smoke_overrides,
        *TRAINING,
        "resume=latest",
        "trainer.preview_every=12",
        "trainer.checkpoint_every=null",
        "trainer.checkpoint_minutes=1",
        "trainer.precision=auto",
    )
    assert (outcome.code, outcome.err) == (0, "")
    (line,) = [line for line in outcome.out.splitlines() if line.startswith("From here on")]
    assert "trainer.checkpoint_every=None (was 4)" in line
    assert "trainer.checkpoint_minutes=1 (was 10" in line
    assert "trainer.preview_every=12 (was 6)" in line
    assert line.count("(was") == 3
    assert all(
        torch.equal(weights_of(stopped)[key], value) for key, value in weights_of(whole).items()
    )


def test_another_painting_or_batch_is_refused_though_its_name_may_change(
    train_cli, stopped: Path, tmp_path: Path, painting: Path
) -> None:
    shutil.copy(painting, tmp_path / "moved.png")
    other = tmp_path / "other.png"
    noise_picture(5).save(other)
    for change, said in {
        f"style.image={other}": "the style image's fingerprint (style.image) was ",
        "data.batch_size=4": "the batch of all processes together",
    }.items():
        outcome = train_cli(f"resume={stopped}", change)
        assert outcome.code == 2
        assert said in outcome.err
    outcome = train_cli(f"resume={stopped}", f"style.image={tmp_path / 'moved.png'}")
    assert outcome.code == 0
    assert "style.image=" in outcome.out


@pytest.mark.parametrize(
    ("limit", "complaint"),
    [
        ("null", "the number of photos was 8 when the run started, not 9"),
        ("6", "the photos of data.path are not those that the run started with; restore them, or"),
    ],
)
def test_photos_that_have_become_more_are_refused(
    limit: str,
    complaint: str,
    train_cli,
    smoke_overrides: list[str],
    photo_dir: Path,
    tmp_path: Path,
    at_step: Callable[..., None],
) -> None:
    shutil.copytree(photo_dir, tmp_path / "photos")
    data = ("data=folder", "data.path=photos", f"data.num_images={limit}")
    at_step(9, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert train_cli(*smoke_overrides, *TRAINING, *data).code == 128 + signal.SIGINT
    noise_picture(50).save(tmp_path / "photos" / "new.png")
    outcome = train_cli("resume=latest")
    assert outcome.code == 2
    assert complaint in outcome.err
    (tmp_path / "photos" / "new.png").unlink()
    assert train_cli("resume=latest").code == 0


def test_a_run_from_before_a_setting_goes_on_without_it(tmp_path: Path) -> None:
    now = OmegaConf.structured(compose_config("style=starry_night"))
    assert now.data.grain > 0
    then = OmegaConf.masked_copy(now, [str(key) for key in now])
    del then.data.grain
    OmegaConf.save(then, tmp_path / "config.yaml")
    assert merge_saved(RunFolder(tmp_path), now, ["resume=latest"]).data.grain == 0
