"""Devices, precision and processes of a training run."""

from __future__ import annotations

import dataclasses
import logging
import math
import os
import warnings
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from pytorch_lightning.utilities.exceptions import (
    MisconfigurationException,  # pyright: ignore[reportPrivateImportUsage]
)

from faststyle.config.train import TrainConfig, TrainerConfig
from faststyle.errors import UserError, check_choice
from faststyle.train.environment import Place, find_place

ACCELERATORS = ("auto", "cpu", "gpu", "mps")
STRATEGIES = ("auto", "ddp")


@dataclass(frozen=True)
class Launch:
    """The settings of a run, resolved for this machine.

    Args:
        config: the settings, with precision and number of steps as numbers rather than "auto".
        num_processes: on all machines together.
        device: that this process trains on.
        arguments: of Lightning's Trainer; the devices in them are known to exist.
    """

    config: TrainConfig
    num_processes: int
    device: torch.device
    arguments: dict[str, Any]

    @property
    def batch_size(self) -> int:
        """Photos a step, of all processes together."""
        return self.config.data.batch_size * self.num_processes


def resolve(config: TrainConfig) -> Launch:
    """Resolve devices, precision, processes and length; `config` itself stays as it is.

    Raises:
        UserError: a device is not there, or a launcher started another number of processes.
    """
    trainer = config.trainer
    place = find_place(os.environ)
    devices, machines = _layout(trainer, place)
    check_choice("trainer.accelerator", trainer.accelerator, ACCELERATORS)
    check_choice("trainer.strategy", trainer.strategy, STRATEGIES)
    precision = choose_precision(trainer)
    arguments = {
        "accelerator": trainer.accelerator,
        "devices": int(devices) if str(devices).isdigit() else devices,
        "num_nodes": machines,
        "strategy": trainer.strategy,
        "precision": {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}[precision],
        "gradient_clip_val": trainer.gradient_clip,
    }
    try:
        probe = pl.Trainer(
            **arguments,
            logger=False,
            enable_checkpointing=False,
            plugins=[cluster_environment(place)],
        )
    except (MisconfigurationException, ValueError) as error:
        raise UserError(
            f"trainer: cannot use accelerator={trainer.accelerator} devices={devices}: "
            f"{' '.join(str(error).split())}"
        ) from error
    num_processes = probe.num_devices * machines
    _check_place(place, probe.num_devices, machines)
    _check_sweep(num_processes)
    max_steps = trainer.max_steps
    if trainer.max_images is not None:
        max_steps = math.ceil(trainer.max_images / (config.data.batch_size * num_processes))
    resolved = dataclasses.replace(trainer, precision=precision, max_steps=max_steps)
    return Launch(
        dataclasses.replace(config, trainer=resolved),
        num_processes,
        probe.strategy.root_device,
        arguments | {"max_steps": max_steps},
    )


def choose_precision(trainer: TrainerConfig) -> str:
    """Return `trainer.precision`, or for "auto" what the device is made for: bf16 or 32."""
    if trainer.precision != "auto":
        return trainer.precision
    if trainer.accelerator in ("auto", "gpu") and torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "32"
    if trainer.accelerator in ("auto", "mps") and torch.backends.mps.is_available():
        return "32"
    # Processors without these instructions convert back and forth, slower than float32.
    able = getattr(torch.cpu, "get_capabilities", dict)()
    return "bf16" if able.get("avx512_bf16") or able.get("amx_bf16") else "32"


def cluster_environment(place: Place) -> ClusterEnvironment:
    """What Lightning would detect by itself, and not always as we do: it is told instead."""
    if place.launcher == "torchrun":
        return TorchElasticEnvironment()
    if place.launcher == "srun":
        assert place.layout is not None
        # Lightning insists on it, SLURM sets it only where it was asked for in these words.
        os.environ["SLURM_NTASKS_PER_NODE"] = str(place.layout[0])
        return SLURMEnvironment()
    return LightningEnvironment()


def _check_place(place: Place, devices: int, machines: int) -> None:
    """Refuse to be a process that the run does not have: it would train and save nothing."""
    for name, number, key, count in (
        ("LOCAL_RANK", place.local_rank, "trainer.devices", devices),
        ("NODE_RANK", place.machine, "trainer.num_nodes", machines),
    ):
        if number >= count:
            raise UserError(
                f"{name}={number}: must be below {key}, which is {count}; unset {name}, or give "
                f"a larger {key}"
            )


def _layout(trainer: TrainerConfig, place: Place) -> tuple[int | str, int]:
    """Devices a machine, and machines: as torchrun or srun started them, otherwise as set."""
    started = place.layout
    if started is None:
        return trainer.devices, trainer.num_nodes
    devices, machines = str(trainer.devices), trainer.num_nodes
    wanted, found = int(devices) * machines if devices.isdigit() else 1, math.prod(started)
    if wanted not in (1, found):
        raise UserError(
            f"trainer.devices={devices} trainer.num_nodes={machines} ask for {wanted} processes, "
            f"but {found} were started; leave both out, the launcher (torchrun or srun) decides"
        )
    return started


def _check_sweep(num_processes: int) -> None:
    sweep = HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN
    if sweep and num_processes > 1:
        raise UserError(
            f"-m trains on one device a run, not {num_processes}: give trainer.devices=1, or start "
            "one style after the other without -m"
        )


def quieten_libraries() -> None:
    """Silence messages that a user cannot act on."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    logging.getLogger("lightning").setLevel(logging.WARNING)
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    # data.datamodule chose none: beside a CPU that trains they only take its cores.
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    # data.sampler.RunSampler starts at the right photo by itself.
    warnings.filterwarnings("ignore", ".*your dataloader is not resumable.*")
    warnings.filterwarnings("ignore", ".*is smaller than the logging interval.*")
    # Lightning 2.6 beside torch 2.15 calls what torch deprecates.
    warnings.filterwarnings("ignore", r".*treespec, LeafSpec.*")
