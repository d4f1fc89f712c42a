"""The short trainings of an exploration: the start that all cells share, then each cell."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor

from faststyle.checkpoints.style_checkpoint import write_checkpoint
from faststyle.config.train import TrainConfig
from faststyle.data.datamodule import ContentData
from faststyle.errors import TrainingDiverged
from faststyle.explore.cells import PAINTED, STROKES, WEIGHTS, Cell
from faststyle.explore.plan import Folder, Plan
from faststyle.explore.settings import settings_of, style_image_of
from faststyle.train.build import build_content, build_module
from faststyle.train.callbacks import validate
from faststyle.train.inputs import BaseStyle, StyleImage, read_base_style, read_style_image
from faststyle.train.memory import check_step_fits
from faststyle.train.module import StyleTransfer
from faststyle.train.nearest import start_from_nearest
from faststyle.train.provenance import record_of

START_SHARE = 0.25  # of the time; every cell profits from it
START_STEPS = (20, 300)
PROBE_STEPS = 4


def check_settings(plan: Plan, sizes: tuple[int, int, int]) -> ContentData:
    """Check the style image at every size, and open the photos.

    Raises:
        UserError: the painting is too thin, or there are no photos; settings have train's names.
    """
    config = settings_of(plan, plan.painting, _middle(sizes), 1)
    for size in sizes:
        style = dataclasses.replace(config.style, size=size)
        read_style_image(dataclasses.replace(config, style=style))
    return build_content(config)


def _middle(sizes: tuple[int, int, int]) -> Cell:
    """The settings that all cells start from: they are a short way from each."""
    return Cell(0, sorted(WEIGHTS)[len(WEIGHTS) // 2], sizes[1], STROKES[1], PAINTED)


class Explorer:
    """Trains the start and the cells of a plan, on one device and the same photos.

    Args:
        folder: where checkpoints go.
        content: where the photos come from; those held out measure the losses.
    """

    def __init__(self, folder: Folder, content: ContentData, device: torch.device):
        self.folder, self.content, self.device = folder, content, device
        self.val_photos = content.val_photos()

    def learn_start(
        self, plan: Plan, sizes: tuple[int, int, int], seconds: float
    ) -> tuple[int, float, float]:
        """Train what all cells start from, in about START_SHARE of `seconds`.

        Returns:
            Steps, seconds a step, and the seconds that a training takes beside its steps.
        """
        began = time.perf_counter()
        config = settings_of(plan, plan.painting, _middle(sizes), START_STEPS[1])
        style_image = read_style_image(config)
        module = build_module(config, style_image, None)
        built = time.perf_counter() - began
        check_step_fits(module, config.data, self.device)
        base = start_from_nearest(module, self.val_photos, config.network)
        module.to(self.device)
        before = {name: value.clone() for name, value in module.transform_net.state_dict().items()}
        rate = learn(module, self.content.further_batches(PROBE_STEPS, 0), config)
        module.transform_net.load_state_dict(before)
        left = START_SHARE * seconds - (time.perf_counter() - began)
        module.max_steps = min(max(int(left / rate), START_STEPS[0]), START_STEPS[1])
        rate = learn(module, self.content.further_batches(module.max_steps, 0), config)
        learned = time.perf_counter()
        self._save(module, config, style_image, base, self.folder.start)
        return module.max_steps, rate, built + time.perf_counter() - learned

    def learn_cell(self, plan: Plan, cell: Cell) -> None:
        """Train a cell and write its checkpoint."""
        image = style_image_of(self.folder, plan, cell)
        config = settings_of(plan, image, cell, plan.steps)
        style_image = read_style_image(config)
        base = read_base_style(str(self.folder.start), config.network)
        module = build_module(config, style_image, base).to(self.device)
        learn(module, self.content.further_batches(plan.steps, 0), config)
        self._save(module, config, style_image, base, self.folder.checkpoint(cell))

    def _save(
        self,
        module: StyleTransfer,
        config: TrainConfig,
        style_image: StyleImage,
        base: BaseStyle | None,
        path: Path,
    ) -> None:
        losses = validate(module, self.val_photos, module.max_steps).losses
        record = record_of(
            config,
            style_image,
            base,
            num_photos=self.content.num_photos,
            batch_size=config.data.batch_size,
        )
        metadata = record.with_progress(module.max_steps, losses).metadata()
        write_checkpoint(path, module.transform_net, metadata)


def learn(module: StyleTransfer, batches: Iterable[Tensor], config: TrainConfig) -> float:
    """Take a step of training for each batch; return the median seconds of one.

    It is what Lightning does in `train`, less previews, curves and checkpoints: a cell takes
    seconds.

    Args:
        batches: photos, (N, 3, H, W) in [0, 1].

    Raises:
        TrainingDiverged: a loss is not a finite number.
    """
    made = module.configure_optimizers()
    optimizer, schedule = made["optimizer"], made["lr_scheduler"]["scheduler"]
    times = []
    module.train()
    began = time.perf_counter()
    for photos in batches:
        _, losses = module.stylize_and_score(photos.to(module.device))
        if not losses["total_loss"].isfinite():
            raise TrainingDiverged("the loss is not a finite number; explore with another painting")
        optimizer.zero_grad()
        losses["total_loss"].backward()
        torch.nn.utils.clip_grad_norm_(
            module.transform_net.parameters(), config.trainer.gradient_clip
        )
        optimizer.step()
        schedule.step()
        times.append(time.perf_counter() - began)
        began = time.perf_counter()
    return statistics.median(times)
