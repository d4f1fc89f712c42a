"""Settings of `python -m train`: types and ranges. Their values are in conf/ alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from omegaconf import MISSING, DictConfig

from faststyle.config.parsing import parse_as
from faststyle.config.ranges import MOST, check_range
from faststyle.errors import UserError, check_choice
from faststyle.files.paths import STYLE_NAME

NEAREST = "nearest"  # as init_from: the trained style with the lowest objective
MAX_SEED = 2**32 - 1  # numpy takes no more
MAX_SIDE = 16_384  # pixels; features of a larger style image or crop fit into no machine
MAX_PROCESSES = 1024
MAX_WEIGHT = 1e20  # far from the end of 32-bit floats, and above every published weight
PRECISIONS = ("auto", "32", "bf16", "16")


def _check_name(key: str, name: str) -> None:
    if not re.fullmatch(STYLE_NAME, name):
        raise UserError(f"{key}: {name[:100]!r} names a file: use up to 80 letters, digits, _ . -")


@dataclass(kw_only=True)
class StyleConfig:
    name: str = MISSING
    title: str = MISSING
    artist: str = MISSING
    year: int | None = MISSING
    rights: str = MISSING
    image: str | None = MISSING
    size: int = MISSING
    style_weight: float | None = None  # a deviation from loss.style_weight of loss=relative
    steps: int | None = None  # a deviation from trainer.max_steps of experiment=gallery

    def __post_init__(self) -> None:
        check_range("style", self, 16, MOST, ["size"])
        check_range("style", self, 1, MOST, ["steps"])
        check_range("style", self, -100_000, 100_000, ["year"])
        check_range("style", self, 0, MAX_WEIGHT, ["style_weight"])
        _check_name("style.name", self.name)


@dataclass(kw_only=True)
class NetworkConfig:
    width: int = MISSING
    num_residual_blocks: int = MISSING
    norm: str = MISSING
    padding: str = MISSING
    upsample: str = MISSING
    output: str = MISSING

    def __post_init__(self) -> None:
        check_range("network", self, 1, 1024, ["width"])
        check_range("network", self, 0, 1000, ["num_residual_blocks"])


@dataclass(kw_only=True)
class LossConfig:
    formula: str = MISSING
    content_weight: float = MISSING
    style_weight: float = MISSING
    tv_weight: float = MISSING
    content_layers: list[str] = MISSING
    style_layers: list[str] = MISSING

    def __post_init__(self) -> None:
        weights = ["content_weight", "style_weight", "tv_weight"]
        check_range("loss", self, 0, MAX_WEIGHT, weights)
        for name in ("content_layers", "style_layers"):
            if not getattr(self, name):
                raise UserError(f"loss.{name}: give at least one layer")


@dataclass(kw_only=True)
class LossNetworkConfig:
    name: str = MISSING
    weights: str = MISSING
    pooling: str = MISSING
    content_layers: list[str] = MISSING
    style_layers: list[str] = MISSING


@dataclass(kw_only=True)
class DataConfig:
    source: str = MISSING
    path: str | None = MISSING
    split: str | None = MISSING
    num_images: int | None = MISSING
    num_val_images: int = MISSING
    image_size: int = MISSING
    batch_size: int = MISSING
    grain: float = MISSING
    num_workers: int | None = MISSING
    max_bad_share: float = MISSING

    def __post_init__(self) -> None:
        check_range("data", self, 1, 10**7, ["num_images"])
        check_range("data", self, 1, 1000, ["num_val_images"])  # all of them are kept in memory
        check_range("data", self, 1, MOST, ["batch_size"])
        check_range("data", self, 0, MAX_PROCESSES, ["num_workers"])
        check_range("data", self, 16, MAX_SIDE, ["image_size"])
        check_range("data", self, 0, 255, ["grain"])
        check_range("data", self, 0, 1, ["max_bad_share"])


@dataclass(kw_only=True)
class TrainerConfig:
    max_steps: int = MISSING
    max_images: int | None = MISSING
    compile: bool = MISSING
    learning_rate: float = MISSING
    warmup_steps: int = MISSING
    gradient_clip: float = MISSING
    precision: str = MISSING
    accelerator: str = MISSING
    strategy: str = MISSING
    devices: int | str = MISSING
    num_nodes: int = MISSING
    checkpoint_every: int | None = MISSING
    checkpoint_minutes: float | None = MISSING
    preview_every: int = MISSING
    progress_bar: bool = MISSING
    yardstick: bool = MISSING
    photo_steps: int = MISSING

    def __post_init__(self) -> None:
        check_range("trainer", self, 1, MOST, ["max_steps", "checkpoint_every", "preview_every"])
        check_range("trainer", self, 1, 1000 * MOST, ["max_images"])
        check_range("trainer", self, 1, MAX_PROCESSES, ["num_nodes"])
        check_range("trainer", self, 0, MOST, ["warmup_steps", "photo_steps"])
        check_range("trainer", self, 0, MOST, ["checkpoint_minutes"], open_low=True)
        check_range("trainer", self, 0, 1000, ["learning_rate"], open_low=True)
        check_range("trainer", self, 0, MOST, ["gradient_clip"], open_low=True)
        check_choice("trainer.precision", self.precision[:20], PRECISIONS)
        if isinstance(self.devices, str):
            if not re.fullmatch("[0-9]{1,9}", self.devices):
                check_choice("trainer.devices", self.devices[:20], ["auto", "1", "2", "..."])
            else:
                self.devices = int(self.devices)
        if self.devices != "auto":
            check_range("trainer", self, 1, MAX_PROCESSES, ["devices"])


@dataclass(kw_only=True)
class TrainConfig:
    style: StyleConfig = MISSING
    network: NetworkConfig = MISSING
    loss: LossConfig = MISSING
    loss_network: LossNetworkConfig = MISSING
    data: DataConfig = MISSING
    trainer: TrainerConfig = MISSING
    seed: int = MISSING
    resume: str | None = MISSING
    init_from: str | None = MISSING
    runs_dir: str = MISSING
    checkpoint_dir: str = MISSING
    checkpoint_name: str = MISSING

    def __post_init__(self) -> None:
        check_range("", self, 0, MAX_SEED, ["seed"])
        check_range("style", self.style, 16, MAX_SIDE, ["size"])
        _check_name("checkpoint_name", self.checkpoint_name)


# Names and paths, which config.overrides takes as written and not by Hydra's grammar.
TEXT_KEYS = frozenset(
    {
        *(f"style.{key}" for key in ("name", "title", "artist", "rights", "image")),
        *("loss_network.weights", "data.path", "data.split"),
        *("resume", "init_from", "runs_dir", "checkpoint_dir", "checkpoint_name"),
    }
)


def parse(config: DictConfig) -> TrainConfig:
    """Return the typed settings of a training run, every key, type and range checked."""
    return parse_as(TrainConfig, config)
