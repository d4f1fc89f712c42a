"""The record of a run: what its checkpoints keep of how it was trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from faststyle import __version__
from faststyle.config.train import TrainConfig
from faststyle.losses.pretrained import model_card
from faststyle.train.inputs import BaseStyle, StyleImage


@dataclass(frozen=True)
class RunRecord:
    """How a style was trained, by the sections of a style checkpoint's metadata."""

    style: Mapping[str, Any]
    network: Mapping[str, Any]
    loss: Mapping[str, Any]
    loss_network: Mapping[str, Any]
    data: Mapping[str, Any]
    training: Mapping[str, Any]
    metrics: Mapping[str, Any]
    versions: Mapping[str, Any]

    def with_progress(self, steps: int, losses: Mapping[str, float]) -> Self:
        """Return the record after `steps` steps, with the losses of the latest validation."""
        metrics = {f"val/{name}": value for name, value in losses.items()}
        return dataclasses.replace(
            self, training={**self.training, "steps": steps}, metrics=metrics
        )

    def with_photo_end(self, steps: int) -> Self:
        """Return the record of a run that learned its photo end in `steps` steps."""
        return dataclasses.replace(self, training={**self.training, "photo_steps": steps})

    def with_metric(self, name: str, value: float | str) -> Self:
        """Return the record with one more measured value."""
        return dataclasses.replace(self, metrics={**self.metrics, name: value})

    def resumed_from(self, metadata: Mapping[str, Any], steps: int) -> Self:
        """Return the record of a run resumed after `steps` steps, as its checkpoint has it."""
        training = {**metadata["training"], "steps": steps}
        return dataclasses.replace(self, training=training, metrics=metadata["metrics"])

    def metadata(self) -> dict[str, Any]:
        """Return plain values by section, as `write_checkpoint` takes them."""
        sections = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: dict(section) for name, section in sections.items()}


def record_of(
    config: TrainConfig,
    style_image: StyleImage,
    base: BaseStyle | None,
    *,
    num_photos: int,
    batch_size: int,
) -> RunRecord:
    """Return the record of a run before its first step.

    Args:
        batch_size: photos a step, those of all processes together.
    """
    style, data, trainer = config.style, config.data, config.trainer
    start = {} if base is None else {"init_from": base.file, "init_from_sha256": base.sha256}
    return RunRecord(
        style={
            **{k: getattr(style, k) for k in ("name", "title", "artist", "year", "rights", "size")},
            "image": "bundled swatch" if style.image is None else style_image.path.name,
            "image_sha256": style_image.sha256,
        },
        network=dataclasses.asdict(config.network),
        loss=dataclasses.asdict(config.loss),
        loss_network={
            "name": config.loss_network.name,
            "weights": Path(config.loss_network.weights).name,
            "pooling": config.loss_network.pooling,
            "card": model_card(config.loss_network.name, config.loss_network.weights),
        },
        data={
            "source": data.source,
            "path": data.path if data.source == "hub" else None,
            "split": data.split,
            "num_images": num_photos,
            "image_size": data.image_size,
            "grain": data.grain,
        },
        training={
            "steps": 0,
            "batch_size": batch_size,
            **start,
            **{k: getattr(trainer, k) for k in ("learning_rate", "warmup_steps", "gradient_clip")},
            "precision": trainer.precision,
            "seed": config.seed,
        },
        metrics={},
        versions={
            "faststyle": __version__,
            **{name: version(name) for name in ("torch", "pytorch-lightning")},
        },
    )
