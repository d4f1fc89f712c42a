"""Builds the objects of a run from its settings."""

from __future__ import annotations

import dataclasses
import os

import pytorch_lightning as pl
from torch import Tensor

from faststyle.checkpoints.run_folder import RunFolder
from faststyle.config.train import TrainConfig
from faststyle.data.datamodule import ContentData
from faststyle.data.sources import open_photos
from faststyle.images.tensors import to_tensor
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.losses.pretrained import loss_network_for
from faststyle.networks.transform_net import TransformNet
from faststyle.train.callbacks import StopOnSignal, Validation
from faststyle.train.checkpointing import DirectCheckpointIO, RunCheckpoints
from faststyle.train.curves import RunLogger
from faststyle.train.environment import find_place
from faststyle.train.health import Health
from faststyle.train.inputs import BaseStyle, StyleImage
from faststyle.train.launch import Launch, cluster_environment
from faststyle.train.module import LOG_EVERY, StyleTransfer
from faststyle.train.progress import ProgressBar, ProgressLines, Throughput, is_terminal
from faststyle.train.resume import RunCheckpoint


def build_content(config: TrainConfig) -> ContentData:
    """Open the content photos of `config.data`; none is decoded yet but those held out."""
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


def build_module(
    config: TrainConfig, style_image: StyleImage, base: BaseStyle | None
) -> StyleTransfer:
    """Build networks and losses; reads the weights of the loss network, or downloads them."""
    net = TransformNet(**dataclasses.asdict(config.network))
    if base is not None:
        net.load_state_dict(base.checkpoint.build().state_dict())
    loss = dataclasses.asdict(config.loss)
    loss_network = loss_network_for(loss, dataclasses.asdict(config.loss_network))
    perceptual_loss = PerceptualLoss(loss_network, **loss, style_image=to_tensor(style_image.image))
    return StyleTransfer(
        net,
        perceptual_loss,
        learning_rate=config.trainer.learning_rate,
        warmup_steps=config.trainer.warmup_steps,
        max_steps=config.trainer.max_steps,
        grain=config.data.grain,
        seed=config.seed,
        compile_step=config.trainer.compile,
    )


def build_trainer(
    launch: Launch,
    folder: RunFolder,
    style_image: StyleImage,
    val_photos: Tensor,
    checkpoints: RunCheckpoints,
    stop: StopOnSignal,
    resumed: RunCheckpoint | None,
) -> pl.Trainer:
    """Build Lightning's Trainer with the TensorBoard log and every callback of a run."""
    config, trainer = launch.config, launch.config.trainer
    logger = RunLogger(folder.path, first_step=None if resumed is None else resumed.step)
    logger.log_settings(config)
    health = Health(to_tensor(style_image.image), untrained=config.init_from is None)
    validation = Validation(
        val_photos, trainer.preview_every, folder.previews, [health.judge, checkpoints.note]
    )
    callbacks = [validation, Throughput(), checkpoints]
    show_bar = trainer.progress_bar and is_terminal()
    if trainer.progress_bar:
        callbacks.append((ProgressBar if show_bar else ProgressLines)(config.style.name))
    callbacks.append(stop)  # last: it listens until the last checkpoint is written
    return pl.Trainer(
        **launch.arguments,
        logger=logger,
        callbacks=callbacks,
        plugins=[DirectCheckpointIO(), cluster_environment(find_place(os.environ))],
        log_every_n_steps=LOG_EVERY,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=show_bar,
        use_distributed_sampler=False,
    )
