"""Devices, precision and processes of a training run."""

from __future__ import annotations

import math
from typing import Any

import pytorch_lightning as pl
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from faststyle.config.train import TrainConfig, TrainerConfig
from faststyle.errors import UserError, check_choice
from faststyle.train import distributed

ACCELERATORS = ("auto", "cpu", "gpu", "mps")


STRATEGIES = ("auto", "ddp")


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
    started = distributed.launched_layout()
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


def check_launch(num_processes: int) -> None:
    sweep = HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN
    if sweep and num_processes > 1:
        raise UserError(
            f"-m trains on one device a run, not {num_processes}: give trainer.devices=1, or start "
            "one style after the other without -m"
        )


def quieten_libraries() -> None:
    """Keep the screen for what a user can act on."""
    import logging
    import warnings

    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    logging.getLogger("lightning").setLevel(logging.WARNING)
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    # None is what a CPU wants, and what content.py chose; see there.
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    # Ours starts at the right photo by itself: data.sampler.RunSampler.
    warnings.filterwarnings("ignore", ".*your dataloader is not resumable.*")
    warnings.filterwarnings("ignore", ".*is smaller than the logging interval.*")
    # Lightning 2.6 beside torch 2.15 calls what torch deprecates.
    warnings.filterwarnings("ignore", r".*treespec, LeafSpec.*")
