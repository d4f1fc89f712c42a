"""Training end to end on tiny things: what it leaves behind, and that it can be trusted."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from conftest import compose_config, noise_picture, smoke
from omegaconf import OmegaConf
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor

from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.config.train import TrainConfig
from faststyle.errors import TrainingDiverged, UserError
from faststyle.files.paths import SAMPLE_PHOTO
from faststyle.losses.functional import FORMULAS
from faststyle.rendering.stylizer import load_style
from faststyle.train.launch import choose_precision
from faststyle.train.module import StyleTransfer
from faststyle.train.run import train

MakeConfig = Callable[..., TrainConfig]


def training_state(run_dir: Path) -> dict:
    return torch.load(run_dir / "last.ckpt", weights_only=True)


def trained_weights(run_dir: Path) -> dict[str, Tensor]:
    return training_state(run_dir)["state_dict"]


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    assert one.keys() == other.keys()
    return all(torch.equal(one[key], other[key]) for key in one)


def events(run_dir: Path) -> EventAccumulator:
    accumulator = EventAccumulator(str(run_dir))
    accumulator.Reload()
    return accumulator


# --- one run of thirty steps on one photo, looked at from all sides ---------------------------


@pytest.fixture(scope="module")
def overfitted(
    tmp_path_factory: pytest.TempPathFactory, painting: Path, tiny_weights: Path
) -> Path:
    """The run folder; runs/ and checkpoints/ are beside it."""
    folder = tmp_path_factory.mktemp("overfit")
    (folder / "photos").mkdir()
    noise_picture(0).save(folder / "photos" / "only.png")
    config = compose_config(
        [
            *smoke(painting, tiny_weights, folder),
            "data=folder",
            f"data.path={folder / 'photos'}",
            "trainer.max_steps=30",
            "trainer.learning_rate=0.02",
            "trainer.preview_every=20",
        ]
    )
    train(config, folder / "runs" / "it", None)
    return folder / "runs" / "it"


def test_style_loss_of_one_photo_halves_in_thirty_steps(overfitted: Path) -> None:
    losses = [event.value for event in events(overfitted).Scalars("val/style_loss")]
    assert losses[-1] < losses[0] / 2


def test_tensorboard_shows_every_curve(overfitted: Path) -> None:
    log = events(overfitted)
    terms = [
        "total_loss",
        "content_loss",
        "style_loss",
        "tv_loss",
        "style_loss/relu1_1",
        "style_loss/relu2_1",
    ]
    expected = {f"{part}/{term}" for part in ("train", "val") for term in terms}
    assert expected | {"train/images_per_second"} <= set(log.Tags()["scalars"])
    assert [event.step for event in log.Scalars("val/style_loss")] == [0, 5, 10, 20, 25, 30]
    assert len(log.Scalars("train/total_loss")) == 3
    assert all(event.value > 0 for event in log.Scalars("train/images_per_second"))


def test_tensorboard_shows_previews_and_settings(overfitted: Path) -> None:
    log = events(overfitted)
    previews = log.Images("preview")
    assert previews[0].step == 0
    assert previews[-1].step == 30
    assert previews[0].encoded_image_string != previews[-1].encoded_image_string
    settings = log.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    for name in (b"trainer/max_steps", b"loss/style_weight", b"style/name", b"network/width"):
        assert name in settings


def test_files_of_a_run(overfitted: Path) -> None:
    names = {path.relative_to(overfitted).as_posix() for path in overfitted.rglob("*")}
    previews = {f"previews/step_{step:06d}.jpg" for step in (0, 5, 10, 20, 25, 30)}
    assert {"config.yaml", "last.ckpt", "starry_night.safetensors"} | previews <= names
    assert not any("partial" in name for name in names)
    config = OmegaConf.load(overfitted / "config.yaml")
    assert OmegaConf.select(config, "trainer.max_steps") == 30
    with Image.open(overfitted / "previews" / "step_000030.jpg") as preview:
        assert preview.width == 32 + 2 * 4  # one photo, with a border
        assert preview.height == 2 * 32 + 3 * 4


def test_the_style_checkpoint_is_where_it_is_looked_for(overfitted: Path) -> None:
    final = overfitted.parents[1] / "checkpoints" / "starry_night.safetensors"
    assert [path.name for path in final.parent.iterdir()] == [final.name]
    checkpoint = read_checkpoint(final)
    assert checkpoint.metadata["training"]["steps"] == 30
    assert checkpoint.metadata["data"]["num_images"] == 1
    last = events(overfitted).Scalars("val/style_loss")[-1].value
    assert checkpoint.metadata["metrics"]["val/style_loss"] == pytest.approx(last)
    weights = trained_weights(overfitted)
    for name, value in checkpoint.state_dict.items():
        assert torch.equal(value, weights[f"transform_net.{name}"].half())


def test_the_loss_network_is_in_no_checkpoint_and_no_optimizer(overfitted: Path) -> None:
    state = training_state(overfitted)  # with weights_only: nothing in it needs trust
    assert state["state_dict"]
    assert all(name.startswith("transform_net.") for name in state["state_dict"])
    (optimizer,) = state["optimizer_states"]
    (group,) = optimizer["param_groups"]
    net = load_style(overfitted / "last.ckpt", "cpu").net
    assert len(group["params"]) == len(list(net.parameters()))
    assert (overfitted / "last.ckpt").stat().st_size < 1_000_000


# --- seeds, resuming, stopping ----------------------------------------------------------------


def test_the_same_seed_gives_the_same_weights_and_another_does_not(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    for name, seed in (("one", 0), ("again", 0), ("other", 1)):
        train(make_config(f"seed={seed}"), tmp_path / name, None)
    one, again, other = (trained_weights(tmp_path / name) for name in ("one", "again", "other"))
    assert same(one, again)
    assert not same(one, other)


@pytest.fixture
def interrupt_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, signal.Signals], None]:
    """Sends this process a signal while it takes a step, once."""

    def arrange(step: int, number: signal.Signals) -> None:
        take_step = StyleTransfer.training_step

        def step_and_interrupt(self: StyleTransfer, photos: Tensor, batch_idx: int) -> Tensor:
            if self.global_step == step:
                monkeypatch.setattr(StyleTransfer, "training_step", take_step)
                os.kill(os.getpid(), number)
            return take_step(self, photos, batch_idx)

        monkeypatch.setattr(StyleTransfer, "training_step", step_and_interrupt)

    return arrange


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_goes_on_to_the_same_weights(
    number: signal.Signals,
    make_config: MakeConfig,
    interrupt_at: Callable[[int, signal.Signals], None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    finished = tmp_path / "checkpoints" / "starry_night.safetensors"
    config = make_config("trainer.max_steps=4", "data.num_images=5")  # an epoch ends on the way
    train(config, tmp_path / "whole", None)
    in_one_go, described = read_checkpoint(finished).build(), read_checkpoint(finished).metadata
    finished.write_bytes(b"of an earlier run")
    handler = signal.getsignal(signal.SIGINT)
    capsys.readouterr()

    stopped = tmp_path / "stopped"
    interrupt_at(1, number)
    usable = train(config, stopped, None)
    printed = capsys.readouterr().out
    assert training_state(stopped)["global_step"] == 2
    assert finished.read_bytes() == b"of an earlier run"
    assert usable == stopped / "starry_night.safetensors"
    assert read_checkpoint(usable).metadata["training"]["steps"] == 2
    assert "Stopped at step 2" in printed
    assert f"python -m infer --ckpt {usable}" in printed
    assert f"python -m train resume={stopped}" in printed
    assert signal.getsignal(signal.SIGINT) == handler

    assert train(config, stopped, stopped / "last.ckpt") == finished
    assert training_state(stopped)["global_step"] == 4
    assert same(trained_weights(stopped), trained_weights(tmp_path / "whole"))
    again = read_checkpoint(finished)
    assert same(again.build().state_dict(), in_one_go.state_dict())
    assert again.metadata == described


def test_a_checkpoint_is_written_on_the_way(
    make_config: MakeConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A run that dies without warning leaves the last one."""
    take_step = StyleTransfer.training_step

    def die_at_three(self: StyleTransfer, photos: Tensor, batch_idx: int) -> Tensor:
        if self.global_step == 3:
            raise RuntimeError("power cut")
        return take_step(self, photos, batch_idx)

    monkeypatch.setattr(StyleTransfer, "training_step", die_at_three)
    config = make_config("trainer.max_steps=6", "trainer.checkpoint_every=2")
    with pytest.raises(RuntimeError, match="power cut"):
        train(config, tmp_path / "run", None)
    assert training_state(tmp_path / "run")["global_step"] == 2
    checkpoint = read_checkpoint(tmp_path / "run" / "starry_night.safetensors")
    assert checkpoint.metadata["training"]["steps"] == 2


# --- variants ---------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", sorted(FORMULAS))
def test_every_formula_trains(formula: str, make_config: MakeConfig, tmp_path: Path) -> None:
    config = make_config(f"loss={formula}", "trainer.max_steps=1")
    train(config, tmp_path / "run", None)
    assert training_state(tmp_path / "run")["global_step"] == 1
    metadata = read_checkpoint(tmp_path / "checkpoints" / "starry_night.safetensors").metadata
    assert metadata["loss"]["formula"] == formula


@pytest.mark.parametrize("network", ["johnson2016", "engstrom2016", "pytorch_examples"])
def test_every_network_of_the_literature_trains(
    network: str, make_config: MakeConfig, tmp_path: Path
) -> None:
    config = make_config(f"network={network}", "trainer.max_steps=1")
    checkpoint = train(config, tmp_path / "run", None)
    picture = load_style(checkpoint, "cpu")(noise_picture(3, 33, 21))
    assert picture.size == (33, 21)


def test_bf16_trains(make_config: MakeConfig, tmp_path: Path) -> None:
    train(make_config("trainer.precision=bf16", "trainer.max_steps=1"), tmp_path / "run", None)
    weights = trained_weights(tmp_path / "run")
    assert all(
        value.dtype == torch.float32 and value.isfinite().all() for value in weights.values()
    )


def test_init_from_starts_from_other_weights(make_config: MakeConfig, tmp_path: Path) -> None:
    first = train(make_config(), tmp_path / "first", None)
    tiny_steps = ("trainer.learning_rate=1e-12", "seed=5", "trainer.max_steps=1")
    train(make_config(f"init_from={first}", *tiny_steps), tmp_path / "second", None)
    train(make_config(*tiny_steps), tmp_path / "afresh", None)
    old = {k: v.half() for k, v in trained_weights(tmp_path / "first").items()}

    def distance(run: str) -> float:
        weights = trained_weights(tmp_path / run)
        return max((weights[k].float() - old[k].float()).abs().max().item() for k in old)

    assert distance("second") < 1e-5
    assert distance("afresh") > 1e-2


def test_init_from_another_architecture_is_refused(make_config: MakeConfig, tmp_path: Path) -> None:
    first = train(make_config(), tmp_path / "first", None)
    with pytest.raises(UserError, match=r"init_from: .*'width': 4.*'width': 8.*same network"):
        train(make_config(f"init_from={first}", "network.width=8"), tmp_path / "second", None)
    assert not (tmp_path / "second").exists()


def test_skipped_photos_are_counted_and_named(
    make_config: MakeConfig, photo_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(3):
        (folder / f"bad_{i}.jpg").write_bytes(b"no photo")
        (folder / f"good_{i}.png").write_bytes((photo_dir / f"photo_{i}.png").read_bytes())
    settings = (f"data.path={folder}", "data.max_bad_share=1", "trainer.max_steps=4")
    train(make_config("data=folder", *settings), tmp_path / "run", None)
    report = capsys.readouterr().err
    assert "3 photos could not be used" in report
    listed = (tmp_path / "run" / "skipped.txt").read_text().splitlines()
    assert [f"bad_{i}.jpg" in line for i, line in enumerate(listed)] == [True] * 3


# --- divergence -------------------------------------------------------------------------------


def test_a_loss_that_is_not_finite_stops_with_step_term_and_hint(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    config = make_config("trainer.max_steps=5", "trainer.learning_rate=1e30")
    with pytest.raises(
        TrainingDiverged,
        match=r"step 1: .*content_loss.* not a finite number; try a lower trainer\.learning_rate",
    ) as caught:
        train(config, tmp_path / "run", None)
    assert caught.value.exit_code == 1
    assert not (tmp_path / "checkpoints" / "starry_night.safetensors").exists()


# --- the report -------------------------------------------------------------------------------


def test_the_report_ends_with_a_picture_and_three_things_to_try(
    make_config: MakeConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    final = train(make_config(), tmp_path / "run", None)
    where, title, *lines = capsys.readouterr().out.splitlines()[-8:]
    picture = tmp_path / "run" / "landscape.jpg"
    assert str(final) in where
    assert str(picture) in where
    with Image.open(picture) as painted, Image.open(SAMPLE_PHOTO) as photo:
        assert painted.size == photo.size
    assert title == "Next:"
    commands = [line.strip() for line in lines[::2]]
    assert commands[0] == f"python -m infer --ckpt {final} photo.jpg"
    assert commands[1].startswith("tensorboard --logdir ")
    assert f"init_from={final}" in commands[2]


def test_automatic_precision_is_one_that_the_device_has() -> None:
    settings = compose_config(["experiment=smoke", "trainer.precision=auto"]).trainer
    assert choose_precision(settings) in ("32", "bf16")
    settings.precision = "16"
    assert choose_precision(settings) == "16"


def test_length_in_images() -> None:
    overrides = ["experiment=smoke", "trainer.max_images=10", "data.batch_size=4"]
    assert compose_config(overrides).trainer.max_steps == 3


def test_the_report_gives_equivalent_iterations_and_their_cost(
    make_config: MakeConfig,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Two steps of a tiny network leave no time for it; give it some.
    monkeypatch.setattr("faststyle.train.finish.YARDSTICK_SHARE", 1000.0)
    final = train(make_config("trainer.yardstick=true"), tmp_path / "run", None)
    printed = re.search(r"worth (>?[\d.]+) L-BFGS iterations \(\d+ s", capsys.readouterr().out)
    assert printed is not None
    recorded = load_style(final).metadata["metrics"]["equivalent_lbfgs_iterations"]
    assert recorded == printed[1]
