"""From settings to objects: what a user can get wrong is checked first."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from PIL import Image
from pytorch_lightning.loggers import TensorBoardLogger
from torch import Tensor

from faststyle.checkpoints.catalog import find_style
from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.config.style_image import style_picture
from faststyle.config.train import TrainConfig, TrainerConfig
from faststyle.data.datamodule import ContentData, open_photos
from faststyle.errors import UserError, check_choice
from faststyle.images.tensors import load_image, resize_long_edge, to_tensor
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.losses.pretrained import build_loss_network, model_card
from faststyle.networks.transform_net import TransformNet
from faststyle.train import distributed as processes
from faststyle.train.callbacks import ProgressBar, StopOnSignal, Throughput, Validation
from faststyle.train.checkpointing import Checkpoints, PlainFile
from faststyle.train.health import Health
from faststyle.train.module import LOG_EVERY, StyleTransfer
from faststyle.train.resume import Resumable

ACCELERATORS = ("auto", "cpu", "gpu", "mps")
STRATEGIES = ("auto", "ddp")


def build_content(config: TrainConfig) -> ContentData:
    """The photos of `config.data`, opened but not yet decoded."""
    data = config.data
    photos = open_photos(
        data.source,
        data.path,
        data.split,
        num_images=data.num_images,
        seed=config.seed,
        size=data.image_size,
    )
    return ContentData(
        photos,
        image_size=data.image_size,
        batch_size=data.batch_size,
        num_images=data.num_images,
        num_val_images=data.num_val_images,
        num_workers=data.num_workers,
        seed=config.seed,
        max_bad_share=data.max_bad_share,
    )


def build_module(config: TrainConfig, style_image: Image.Image, num_photos: int) -> StyleTransfer:
    """Networks, losses and metadata from the settings; downloads or reads the loss network."""
    arguments = dataclasses.asdict(config.network)
    net, base_photo_end = TransformNet(**arguments), None
    if config.init_from is not None:
        base = read_checkpoint(find_style(config.init_from))
        if base.metadata["network"] != arguments:
            raise UserError(
                f"init_from: {config.init_from} is a network {base.metadata['network']}, "
                f"this run's is {arguments}; use the same network settings"
            )
        net.load_state_dict(base.build().state_dict())
        base_photo_end = base.photo_end
    loss = config.loss
    loss_network = build_loss_network(
        config.loss_network.name,
        [*loss.content_layers, *loss.style_layers],
        weights=config.loss_network.weights,
        pooling=config.loss_network.pooling,
    )
    perceptual_loss = PerceptualLoss(
        loss_network, **dataclasses.asdict(loss), style_image=to_tensor(style_image)
    )
    return StyleTransfer(
        net,
        perceptual_loss,
        learning_rate=config.trainer.learning_rate,
        warmup_steps=config.trainer.warmup_steps,
        max_steps=config.trainer.max_steps,
        compile_step=config.trainer.compile,
        metadata=_metadata(config, num_photos),
        base_photo_end=base_photo_end,
    )


def _metadata(config: TrainConfig, num_photos: int) -> dict[str, Any]:
    style, data, trainer = config.style, config.data, config.trainer
    picture = style_picture(style)
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
            **_start(config),
            **{k: getattr(trainer, k) for k in ("learning_rate", "warmup_steps", "gradient_clip")},
            "precision": trainer.precision,
            "seed": config.seed,
        },
        "metrics": {},
        "versions": {name: version(name) for name in ("faststyle", "torch", "pytorch-lightning")},
    }


def _start(config: TrainConfig) -> dict[str, str]:
    """Which weights the run starts from: a file's name and contents, or none."""
    if config.init_from is None:
        return {}
    base = find_style(config.init_from)
    return {
        "init_from": base.name,
        "init_from_sha256": hashlib.sha256(base.read_bytes()).hexdigest(),
    }


def load_style_image(config: TrainConfig) -> Image.Image:
    """The style's picture at `style.size`: the one given, or else the style's swatch."""
    picture = style_picture(config.style)
    try:
        return resize_long_edge(load_image(picture), config.style.size)
    except UserError as error:
        raise UserError(f"style.image: {error}; give a picture file") from error


def choose_precision(trainer: TrainerConfig) -> str:
    """`trainer.precision`, "auto" as what the device is made for: bf16 or 32."""
    if trainer.precision != "auto":
        return trainer.precision
    if trainer.accelerator in ("auto", "gpu") and torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "32"
    if trainer.accelerator in ("auto", "mps") and torch.backends.mps.is_available():
        return "32"
    # Processors without these instructions convert back and forth, slower than float32.
    able = getattr(torch.cpu, "get_capabilities", dict)()
    return "bf16" if able.get("avx512_bf16") or able.get("amx_bf16") else "32"


def trainer_arguments(config: TrainConfig) -> tuple[dict[str, Any], int]:
    """Arguments of Lightning's Trainer, whose devices are known to exist, and how many processes.

    A length in images becomes `trainer.max_steps` here, where the whole batch is known.
    """
    trainer = config.trainer
    devices, machines = _layout(trainer)
    check_choice("trainer.accelerator", trainer.accelerator, ACCELERATORS)
    check_choice("trainer.strategy", trainer.strategy, STRATEGIES)
    arguments = {
        "accelerator": trainer.accelerator,
        "devices": int(devices) if str(devices).isdigit() else devices,
        "num_nodes": machines,
        "strategy": trainer.strategy,
        "precision": {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}[trainer.precision],
        "gradient_clip_val": trainer.gradient_clip,
    }
    try:
        probe = pl.Trainer(**arguments, logger=False, enable_checkpointing=False)
    except (MisconfigurationException, ValueError) as error:
        raise UserError(
            f"trainer: cannot use accelerator={trainer.accelerator} devices={devices}: "
            f"{' '.join(str(error).split())}"
        ) from error
    num_processes = probe.num_devices * machines
    if trainer.max_images is not None:
        trainer.max_steps = math.ceil(trainer.max_images / (config.data.batch_size * num_processes))
    return arguments | {"max_steps": trainer.max_steps}, num_processes


def _layout(trainer: TrainerConfig) -> tuple[int | str, int]:
    """Devices a machine and machines: as started by torchrun or SLURM, else as set."""
    started = processes.layout()
    if started is None:
        return trainer.devices, trainer.num_nodes
    devices, machines = str(trainer.devices), trainer.num_nodes
    wanted, found = int(devices) * machines if devices.isdigit() else 1, math.prod(started)
    if wanted not in (1, found):
        raise UserError(
            f"trainer.devices={devices} trainer.num_nodes={machines} ask for {wanted} processes, "
            f"but {found} were started; leave both out, the launcher (torchrun or SLURM) decides"
        )
    return started


def build_trainer(
    config: TrainConfig,
    arguments: dict[str, Any],
    run_dir: Path,
    val_photos: Tensor,
    stop: StopOnSignal,
    resume_from: Resumable | None,
) -> pl.Trainer:
    """Lightning's Trainer with TensorBoard and every callback of a run."""
    # A resumed run takes its steps again from the checkpoint on: their old points are purged.
    purge = None if resume_from is None else resume_from.step
    logger = TensorBoardLogger(run_dir, name="", version="", purge_step=purge)
    logger.log_hyperparams(dataclasses.asdict(config))
    trainer = config.trainer
    validation = Validation(val_photos, trainer.preview_every, run_dir)
    checkpoints = Checkpoints(
        run_dir,
        config.style.name,
        trainer.checkpoint_every,
        trainer.checkpoint_minutes,
        None if resume_from is None else resume_from.path,
        validation,
    )
    painting = to_tensor(load_style_image(config))
    health = Health(validation, val_photos, painting, untrained=config.init_from is None)
    callbacks = [validation, health, Throughput(), checkpoints]
    if trainer.progress_bar:
        callbacks.append(ProgressBar(config.style.name))
    callbacks.append(stop)  # last: it listens until the last checkpoint is written
    return pl.Trainer(
        **arguments,
        logger=logger,
        callbacks=callbacks,
        plugins=[PlainFile()],
        log_every_n_steps=LOG_EVERY,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=trainer.progress_bar,
        use_distributed_sampler=False,
    )
