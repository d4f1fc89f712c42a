"""The typed configuration: what each key may hold. Values live in conf/ alone, types here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from omegaconf import MISSING, DictConfig

from faststyle.config.parsing import parse_as
from faststyle.errors import UserError, above_zero, at_least, check_choice
from faststyle.files.paths import STYLE_NAME

MAX_SEED = 2**32 - 1  # numpy takes no more
PRECISIONS = ("auto", "32", "bf16", "16")


def _check_name(key: str, name: str) -> None:
    if not re.fullmatch(STYLE_NAME, name):
        raise UserError(f"{key}: {name!r} names a file: use up to 80 letters, digits, _ . -")


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
        at_least("style", self, 16, ["size"])
        at_least("style", self, 1, ["steps"])
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
        at_least("network", self, 1, ["width"])
        at_least("network", self, 0, ["num_residual_blocks"])


@dataclass(kw_only=True)
class LossConfig:
    formula: str = MISSING
    content_weight: float = MISSING
    style_weight: float = MISSING
    tv_weight: float = MISSING
    content_layers: list[str] = MISSING
    style_layers: list[str] = MISSING

    def __post_init__(self) -> None:
        at_least("loss", self, 0, ["content_weight", "style_weight", "tv_weight"])
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
    num_workers: int | None = MISSING
    max_bad_share: float = MISSING

    def __post_init__(self) -> None:
        at_least("data", self, 1, ["num_images", "num_val_images", "batch_size"])
        at_least("data", self, 0, ["num_workers", "max_bad_share"])
        at_least("data", self, 16, ["image_size"])
        if self.max_bad_share > 1:
            raise UserError(f"data.max_bad_share: must be at most 1, got {self.max_bad_share}")


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
        positive = ["max_steps", "max_images", "num_nodes", "checkpoint_every", "preview_every"]
        at_least("trainer", self, 1, positive)
        at_least("trainer", self, 0, ["warmup_steps", "photo_steps"])
        if self.checkpoint_minutes is not None:
            above_zero("trainer", self, ["checkpoint_minutes"])
        above_zero("trainer", self, ["learning_rate", "gradient_clip"])
        check_choice("trainer.precision", self.precision, PRECISIONS)
        if isinstance(self.devices, str) and not self.devices.isdigit():
            check_choice("trainer.devices", self.devices, ["auto", "1", "2", "..."])


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
        at_least("", self, 0, ["seed"])
        if self.seed > MAX_SEED:
            raise UserError(f"seed: must be at most {MAX_SEED}, got {self.seed}")
        _check_name("checkpoint_name", self.checkpoint_name)


# Values that are names or paths, not Hydra's grammar: config.overrides takes them as written.
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
