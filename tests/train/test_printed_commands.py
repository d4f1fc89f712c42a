"""Commands that train prints are commands that work, whatever characters their words have."""

from __future__ import annotations

import dataclasses
import errno
import os
import shlex
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from faststyle.checkpoints.run_folder import RunFolder
from faststyle.config.overrides import quote_overrides
from faststyle.config.train import TEXT_KEYS, TrainConfig
from faststyle.errors import UserError
from faststyle.infer.command import main as infer
from faststyle.train.checkpointing import CannotSave, explain_full_disk
from faststyle.train.inputs import read_base_style, read_style_image
from faststyle.train.next_steps import next_steps
from tests.support.commands import Outcome, in_process, one_line
from tests.support.pictures import noise_picture
from tests.support.runs import QUICKSTART_SHORT, TINY_LAYERS, compose_config

ODD = "my painting (1).jpg"


def printed_commands(text: str) -> list[list[str]]:
    """The words of every command, each on an indented line of its own."""
    lines = [line.strip() for line in text.splitlines() if line.startswith("  ")]
    return [shlex.split(line) for line in lines if line.startswith(("python -m", "tensorboard"))]


def overrides_of(command: list[str]) -> list[str]:
    assert command[:3] == ["python", "-m", "train"]
    return command[3:]


def composed(command: list[str]) -> TrainConfig:
    return compose_config(*quote_overrides(overrides_of(command), TEXT_KEYS))


@pytest.fixture
def odd_folder(tmp_path: Path, painting: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which commands run, with a style image of an odd name and a photo."""
    shutil.copy(painting, tmp_path / ODD)
    noise_picture(1).save(tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


SMOKE = ["experiment=smoke", "trainer.accelerator=cpu", "trainer.progress_bar=false"]
OWN = ["style=custom", "style.name=mine", f"style.image={ODD}"]


@pytest.mark.parametrize(
    ("style", "settings"),
    [
        (["style=udnie"], [*SMOKE, "loss_network=compact"]),
        (["style=udnie"], ["experiment=quickstart", *QUICKSTART_SHORT]),
        (OWN, [*SMOKE, "loss_network=compact", "checkpoint_dir=my styles"]),
        (OWN, [*SMOKE, *TINY_LAYERS, "runs_dir=my runs", "trainer.yardstick=false"]),
    ],
)
def test_what_is_printed_under_next(
    style: list[str],
    settings: list[str],
    train_cli: Callable[..., Outcome],
    odd_folder: Path,
    tiny_weights: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compact = not set(TINY_LAYERS) & set(settings)
    weights = [] if compact else [f"loss_network.weights={tiny_weights}"]
    outcome = train_cli(*style, *settings, *weights)
    assert outcome.code == 0, outcome.err
    stylize, look, learn = printed_commands(outcome.out)

    monkeypatch.setattr("sys.argv", stylize[2:])
    assert in_process("infer", infer, capfd).code == 0
    assert list(odd_folder.glob("stylized/*/photo.jpg"))

    assert look[:2] == ["tensorboard", "--logdir"]
    assert list(Path(look[2]).glob("*/*/events.*"))

    config = composed(learn)
    base = read_base_style(config.init_from, config.network)
    assert base is not None
    assert base.checkpoint.metadata["style"]["name"] in ("udnie", "mine")
    if compact:  # the same style again, and so its picture
        assert config.style.name == base.checkpoint.metadata["style"]["name"]
        again = read_style_image(config)
        assert again.sha256 == base.checkpoint.metadata["style"]["image_sha256"]
    else:
        assert (config.style.name, config.style.image) == ("mine", "mine.jpg")


def test_the_command_that_learns_more_runs(
    train_cli: Callable[..., Outcome], odd_folder: Path, tiny_weights: Path
) -> None:
    outcome = train_cli(*OWN, *SMOKE, "loss_network=compact")
    learn = printed_commands(outcome.out)[2]
    small = [setting for setting in SMOKE if "experiment" not in setting]
    small += ["data=synthetic", "data.image_size=32", "data.num_images=8", "data.num_val_images=2"]
    small += ["trainer=smoke", f"loss_network.weights={tiny_weights}", *TINY_LAYERS]
    again = train_cli(*overrides_of(learn), *small)
    assert again.code == 0, again.err


ODD_DATA = ["data=folder", "data.path=my photos (1)", "data.batch_size=2", "data.num_images=6"]


@pytest.mark.parametrize(
    "settings",
    [
        ["style=udnie"],
        ["loss_network.weights=my vgg (1).pth", *ODD_DATA, "runs_dir=my runs"],
        ["loss_network=vgg16", "loss_network.weights=it's.pth", "data.split=train"],
        ["loss=gatys2016", "loss_network.weights=a,b.pth", "checkpoint_dir=my styles"],
        ["loss=johnson2016", "loss_network=vgg19", "loss.style_weight=9", "data=synthetic"],
        ["loss_network=squeezenet", "style=custom", "style.name=own", "style.image=a=b.jpg"],
        ["network=johnson2016", "network.width=8", *TINY_LAYERS, "loss_network.pooling=average"],
        ["experiment=gallery", "style=shipwreck_of_the_minotaur", *ODD_DATA],
    ],
    ids=" ".join,
)
def test_the_command_for_another_painting_keeps_what_the_run_needed(settings: list[str]) -> None:
    before = compose_config(*quote_overrides(settings, TEXT_KEYS))
    (_, _, (printed, _)) = next_steps(before, Path("checkpoints/it's.safetensors"))
    after = composed(shlex.split(printed))
    assert after.init_from == "checkpoints/it's.safetensors"
    assert (after.style.name, after.style.image) == ("mine", "mine.jpg")
    for part in ("network", "loss_network", "data", "runs_dir", "checkpoint_dir"):
        assert getattr(after, part) == getattr(before, part), printed
    # The weight of one painting is not that of another.
    if before.style.style_weight is None:
        assert after.loss == before.loss
    else:
        assert after.loss == dataclasses.replace(before.loss, style_weight=4.0)


@pytest.mark.parametrize("data", [ODD_DATA, ["data=coco", "data.num_images=50"]])
def test_the_command_that_learns_more_keeps_photos_of_ones_own(data: list[str]) -> None:
    settings = ["experiment=quickstart", "style=udnie", *data]
    before = compose_config(*quote_overrides(settings, TEXT_KEYS))
    (_, _, (printed, gives)) = next_steps(before, Path("a.safetensors"))
    after = composed(shlex.split(printed))
    assert (after.style.name, after.data, after.network) == ("udnie", before.data, before.network)
    assert after.loss_network.name == "vgg19"
    assert "the same photos" in gives


def test_the_command_for_another_painting_runs_where_nothing_can_be_downloaded(
    train_cli: Callable[..., Outcome], odd_folder: Path, tiny_weights: Path, photo_dir: Path
) -> None:
    shutil.copy(tiny_weights, odd_folder / "my vgg (1).pth")
    shutil.copytree(photo_dir, odd_folder / "my photos (1)")
    used = ["loss_network.weights=my vgg (1).pth", *TINY_LAYERS, *ODD_DATA, "runs_dir=my runs"]
    outcome = train_cli(*OWN, *SMOKE, *used, "trainer.yardstick=false")
    assert outcome.code == 0, outcome.err
    learn = printed_commands(outcome.out)[2]
    shutil.copy(odd_folder / ODD, odd_folder / "mine.jpg")
    short = ["trainer=smoke", "trainer.accelerator=cpu", "trainer.progress_bar=false"]
    again = train_cli(*overrides_of(learn), *short, "trainer.yardstick=false")
    assert again.code == 0, again.err
    assert len(list(odd_folder.glob("my runs/mine/*"))) == 2


def test_what_is_printed_when_stopped(
    train_cli: Callable[..., Outcome],
    odd_folder: Path,
    at_step: Callable[..., None],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_step(1, lambda: os.kill(os.getpid(), signal.SIGTERM))
    longer = ["loss_network=compact", "trainer.max_steps=3", "runs_dir=my runs (new)"]
    outcome = train_cli(*OWN, *SMOKE, *longer)
    assert outcome.code == 128 + signal.SIGTERM, outcome
    stylize, resume = printed_commands(outcome.out)
    monkeypatch.setattr("sys.argv", stylize[2:])
    assert in_process("infer", infer, capfd).code == 0
    resumed = train_cli(*overrides_of(resume))
    assert resumed.code == 0, resumed.err
    assert "Resuming at step 2 of 3" in resumed.out


def test_what_is_printed_when_the_disk_is_full(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs (new)" / "it's")
    folder.path.mkdir(parents=True)
    folder.config.touch()
    folder.last.touch()
    with pytest.raises(CannotSave) as full, explain_full_disk(folder):
        raise OSError(errno.ENOSPC, "No space left on device")
    command = shlex.split(str(full.value).rpartition("from the checkpoint before: ")[2])
    assert composed(command).resume == str(folder.path)


@pytest.mark.parametrize("which", [["resume=latest", "style=mine"], ["resume=latest"]])
def test_a_style_of_ones_own_is_resumed_by_its_name(
    which: list[str],
    train_cli: Callable[..., Outcome],
    odd_folder: Path,
    at_step: Callable[..., None],
) -> None:
    at_step(1, lambda: os.kill(os.getpid(), signal.SIGTERM))
    stopped = train_cli(*OWN, *SMOKE, "loss_network=compact", "trainer.max_steps=3")
    assert stopped.code == 128 + signal.SIGTERM
    outcome = train_cli(*which)
    assert (outcome.code, outcome.err) == (0, "")
    assert "Resuming at step 2 of 3" in outcome.out
    assert Path("checkpoints/mine.safetensors").is_file()


def test_a_style_without_runs_is_one_line(train_cli: Callable[..., Outcome]) -> None:
    assert "no run of nobody in runs" in one_line(train_cli("resume=latest", "style=nobody"))


@pytest.mark.parametrize(("given", "name"), [("mine", "mine"), ("-odd", "mine")])
def test_an_unknown_style_names_the_way_to_ones_own(given: str, name: str) -> None:
    with pytest.raises(UserError) as refused:
        compose_config(f"style={given}")
    message = str(refused.value)
    assert f"'{given}' is not one of composition_vii, custom," in message
    own = message.rpartition("a painting of your own: ")[2]
    assert shlex.split(own) == ["style=custom", f"style.name={name}", "style.image=FILE"]
    assert compose_config(*shlex.split(own)).style.image == "FILE"
