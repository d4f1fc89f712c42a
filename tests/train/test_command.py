"""The command train: fast answers, and several runs from one command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.commands import Outcome, RunCli, one_line
from tests.support.pictures import noise_picture, save_animated

# --- answers without the wait for torch -------------------------------------------------------


@pytest.mark.parametrize("flags", [["--help"], ["--cfg", "job"]])
def test_help_and_cfg_answer_without_importing_torch(flags: list[str], tmp_path: Path) -> None:
    program = (
        "import sys, atexit\n"
        "atexit.register(lambda: print('HEAVY', sorted({m.split('.')[0] for m in sys.modules}"
        " & {'torch', 'pytorch_lightning', 'datasets', 'torchvision'})))\n"
        f"sys.argv = ['train', *{flags!r}]\n"
        "from faststyle.train.command import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("HEAVY []")
    assert done.stderr == ""
    assert "starry_night" in done.stdout
    assert "max_steps: 2000" in done.stdout
    assert list(tmp_path.iterdir()) == []


TRAINING = ("trainer.max_steps=6", "trainer.checkpoint_every=3", "trainer.learning_rate=1e-4")
DDP = (*TRAINING, "trainer.strategy=ddp", "trainer.devices=2")


# --- several runs -----------------------------------------------------------------------------


def test_several_styles_one_after_the_other(
    train_cli, smoke_overrides: list[str], tmp_path: Path
) -> None:
    outcome = train_cli("-m", "style=starry_night,udnie", *smoke_overrides)
    assert outcome.code == 0, outcome
    for style in ("starry_night", "udnie"):
        assert (tmp_path / "checkpoints" / f"{style}.safetensors").is_file()
        assert len(list((tmp_path / "runs" / style).iterdir())) == 1


def test_a_run_that_fails_leaves_the_others_alone_and_shows_in_the_exit_code(
    train_cli, smoke_overrides: list[str], tmp_path: Path
) -> None:
    outcome = train_cli("-m", "loss_network.pooling=min,max", *smoke_overrides)
    assert outcome.code == 2
    assert "loss_network.pooling=min" in outcome.err
    assert "'min' is not one of max, average" in outcome.err
    assert "not every run succeeded" in outcome.err
    assert "Traceback" not in outcome.err
    assert (tmp_path / "checkpoints" / "starry_night.safetensors").is_file()


def test_several_runs_on_several_devices_each_are_refused(
    train_cli, smoke_overrides: list[str]
) -> None:
    outcome = train_cli("-m", "seed=0,1", *smoke_overrides, *DDP)
    assert outcome.code == 2
    assert "-m trains on one device a run, not 2" in outcome.err


def test_two_styles_at_once(run_cli: RunCli, smoke_overrides: list[str], tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="the extra `sweep`")
    outcome = run_cli(
        "train",
        "-m",
        "style=starry_night,udnie",
        "hydra/launcher=joblib",
        "hydra.launcher.n_jobs=2",
        *smoke_overrides,
    )
    assert outcome.code == 0, outcome
    for style in ("starry_night", "udnie"):
        assert (tmp_path / "checkpoints" / f"{style}.safetensors").is_file()
        assert len(list((tmp_path / "runs" / style).iterdir())) == 1


def test_what_is_to_be_known_about_the_style_image_is_printed(
    train_cli: Callable[..., Outcome], smoke_overrides: list[str], tmp_path: Path
) -> None:
    save_animated(tmp_path / "film.gif")
    outcome = train_cli(*smoke_overrides, "style.image=film.gif", "trainer.max_steps=1")
    assert outcome.code == 0
    assert "train: film.gif: animated, only its first frame is used\n" in outcome.err


@pytest.mark.parametrize(
    ("size", "advice"),
    [((40, 400), "style.size=80 takes it larger"), ((2, 5000), "crop it")],
)
def test_a_thin_style_image_is_refused_with_what_helps(
    size: tuple[int, int],
    advice: str,
    train_cli: Callable[..., Outcome],
    smoke_overrides: list[str],
    tmp_path: Path,
) -> None:
    noise_picture(0, *size).save(tmp_path / "strip.png")
    deep = ["style.image=strip.png", "loss.style_layers=[relu4_1]", "style.size=64"]
    message = one_line(train_cli(*smoke_overrides, *deep))
    assert "the picture is" in message
    assert message.endswith(f"its layers need 8 on each side; {advice}\n")
