"""Training runs of seconds: their settings, and what they leave behind."""

from __future__ import annotations

from pathlib import Path

import torch
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor

from faststyle.config.optimize import OptimizeConfig
from faststyle.config.parsing import parse_as, raise_user_error
from faststyle.config.train import TrainConfig, parse
from faststyle.files.paths import CONF_DIR

TINY_LAYERS = ("loss.content_layers=[relu2_2]", "loss.style_layers=[relu1_1,relu2_1]")

# With experiment=quickstart or restyle: everything in it, for seconds.
QUICKSTART_SHORT = (
    "trainer.max_steps=2",
    "trainer.progress_bar=false",
    "trainer.accelerator=cpu",
    "data.image_size=64",
    "data.num_images=8",
    "data.num_val_images=2",
)


def smoke(painting: Path, weights: Path, folder: Path) -> list[str]:
    """Overrides with which `train` runs two steps in about a second, inside `folder`."""
    return [
        "experiment=smoke",
        *TINY_LAYERS,
        f"style.image={painting}",
        f"loss_network.weights={weights}",
        f"runs_dir={folder / 'runs'}",
        f"checkpoint_dir={folder / 'checkpoints'}",
        "trainer.accelerator=cpu",
        "trainer.progress_bar=false",
        "trainer.yardstick=false",
    ]


def compose_config(*overrides: str) -> TrainConfig:
    """Settings as `python -m train OVERRIDES` reads and checks them."""
    try:
        with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
            return parse(compose("train", list(overrides)))
    except HydraException as error:
        raise_user_error(error)


def compose_optimize_config(*overrides: str) -> OptimizeConfig:
    """Settings as `python -m faststyle.optimize content=a.jpg OVERRIDES` reads them."""
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        return parse_as(OptimizeConfig, compose("optimize", ["content=a.jpg", *overrides]))


def training_state(run_dir: Path) -> dict:
    """The last checkpoint of a run."""
    return torch.load(run_dir / "last.ckpt", weights_only=True)


def weights_of(run_dir: Path) -> dict[str, Tensor]:
    return training_state(run_dir)["state_dict"]


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    assert one.keys() == other.keys()
    return all(torch.equal(one[key], other[key]) for key in one)


def events(run_dir: Path) -> EventAccumulator:
    accumulator = EventAccumulator(str(run_dir))
    accumulator.Reload()
    return accumulator


# A run that can be stopped between two checkpoints.
STEPS = 24
TRAINING = (f"trainer.max_steps={STEPS}", "trainer.checkpoint_every=4", "trainer.preview_every=6")
FINAL = Path("checkpoints") / "starry_night.safetensors"  # of every smoke run


class PowerCut(BaseException):
    """Ends a run as a kill does: nothing is saved on the way out."""


def power_cut() -> None:
    raise PowerCut


def assert_same(run_dir: Path, whole: Path) -> None:
    ours, theirs = weights_of(run_dir), weights_of(whole)
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    style = FINAL.name
    assert (run_dir / style).read_bytes() == (whole / style).read_bytes()


def the_run(tmp_path: Path) -> Path:
    (run_dir,) = (tmp_path / "runs" / "starry_night").iterdir()
    return run_dir
