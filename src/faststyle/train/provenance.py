"""What a style checkpoint says of the run that made it."""

from __future__ import annotations

import dataclasses
import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

from faststyle import __version__
from faststyle.config.style_image import style_image_path
from faststyle.config.train import TrainConfig
from faststyle.losses.pretrained import model_card
from faststyle.train.inputs import base_style


def run_metadata(config: TrainConfig, num_photos: int) -> dict[str, Any]:
    style, data, trainer = config.style, config.data, config.trainer
    picture = style_image_path(style)
    return {
        "style": {
            **{k: getattr(style, k) for k in ("name", "title", "artist", "year", "rights", "size")},
            "image": "bundled swatch" if style.image is None else picture.name,
            "image_sha256": hashlib.sha256(picture.read_bytes()).hexdigest(),
        },
        "network": dataclasses.asdict(config.network),
        "loss": dataclasses.asdict(config.loss),
        "loss_network": {
            "name": config.loss_network.name,
            "weights": Path(config.loss_network.weights).name,
            "pooling": config.loss_network.pooling,
            "card": model_card(config.loss_network.name, config.loss_network.weights),
        },
        "data": {
            "source": data.source,
            "path": data.path if data.source == "hub" else None,
            "split": data.split,
            "num_images": num_photos,
            "image_size": data.image_size,
        },
        "training": {
            "steps": 0,
            "batch_size": data.batch_size,
            **base_style(config),
            **{k: getattr(trainer, k) for k in ("learning_rate", "warmup_steps", "gradient_clip")},
            "precision": trainer.precision,
            "seed": config.seed,
        },
        "metrics": {},
        "versions": {
            "faststyle": __version__,
            **{name: version(name) for name in ("torch", "pytorch-lightning")},
        },
    }
