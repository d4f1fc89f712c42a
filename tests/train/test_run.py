"""Training end to end on tiny pictures, and the files of a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image

from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.config.train import TrainConfig
from faststyle.rendering.stylizer import load_style
from faststyle.train.run import train
from tests.support.pictures import noise_picture
from tests.support.runs import compose_config, events, same, smoke, training_state, weights_of

MakeConfig = Callable[..., TrainConfig]


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
        *smoke(painting, tiny_weights, folder),
        "data=folder",
        f"data.path={folder / 'photos'}",
        "trainer.max_steps=30",
        "trainer.learning_rate=0.02",
        "trainer.preview_every=20",
    )
    train(config, folder / "runs" / "it", None)
    return folder / "runs" / "it"


def test_style_loss_of_one_photo_halves_in_thirty_steps(overfitted: Path) -> None:
    losses = [event.value for event in events(overfitted).Scalars("val/style_loss")]
    assert losses[-1] < losses[0] / 2


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
    weights = weights_of(overfitted)
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
    one, again, other = (weights_of(tmp_path / name) for name in ("one", "again", "other"))
    assert same(one, again)
    assert not same(one, other)
