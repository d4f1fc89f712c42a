"""From settings to objects: what a user can get wrong is checked first."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from PIL import Image
from pytorch_lightning.loggers import TensorBoardLogger
from torch import Tensor

from faststyle.checkpoints.catalog import find_style
from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.config.train import TrainConfig
from faststyle.data.datamodule import ContentData
from faststyle.data.sources import open_photos
from faststyle.errors import UserError
from faststyle.images.tensors import to_tensor
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.losses.pretrained import build_loss_network
from faststyle.networks.transform_net import TransformNet
from faststyle.train.callbacks import ProgressBar, StopOnSignal, Throughput, Validation
from faststyle.train.checkpointing import DirectCheckpointIO, RunCheckpoints
from faststyle.train.health import Health
from faststyle.train.inputs import load_style_image
from faststyle.train.module import LOG_EVERY, StyleTransfer
from faststyle.train.provenance import run_metadata
from faststyle.train.resume import RunCheckpoint


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
        metadata=run_metadata(config, num_photos),
        base_photo_end=base_photo_end,
    )


def build_trainer(
    config: TrainConfig,
    arguments: dict[str, Any],
    run_dir: Path,
    val_photos: Tensor,
    stop: StopOnSignal,
    resume_from: RunCheckpoint | None,
) -> pl.Trainer:
    """Lightning's Trainer with TensorBoard and every callback of a run."""
    # A resumed run takes its steps again from the checkpoint on: their old points are purged.
    purge = None if resume_from is None else resume_from.step
    logger = TensorBoardLogger(run_dir, name="", version="", purge_step=purge)
    logger.log_hyperparams(dataclasses.asdict(config))
    trainer = config.trainer
    validation = Validation(val_photos, trainer.preview_every, run_dir)
    checkpoints = RunCheckpoints(
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
        plugins=[DirectCheckpointIO()],
        log_every_n_steps=LOG_EVERY,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=trainer.progress_bar,
        use_distributed_sampler=False,
    )
