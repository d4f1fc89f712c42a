"""`python -m train`: configuration in, style checkpoint out. Read this file first."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pytorch_lightning as pl
from omegaconf import OmegaConf

from faststyle.checkpoints.run_folder import CONFIG, new_run_dir
from faststyle.config.style_image import describe_style_image
from faststyle.config.train import TrainConfig
from faststyle.files.atomic import atomic_write, check_writable
from faststyle.train import distributed
from faststyle.train.build import build_content, build_module, build_trainer
from faststyle.train.callbacks import StopOnSignal
from faststyle.train.checkpointing import explain_full_disk
from faststyle.train.distributed import print_once
from faststyle.train.finish import finish, report_skipped
from faststyle.train.inputs import load_style_image
from faststyle.train.launch import (
    check_launch,
    choose_precision,
    quieten_libraries,
    trainer_arguments,
)
from faststyle.train.resume import open_run_checkpoint
from faststyle.train.resume_rules import check_same_run
from faststyle.train.signals import StopRequest


def train(
    config: TrainConfig,
    run_dir: Path | None,
    resume_from: Path | None,
    stop: StopRequest | None = None,
) -> Path:
    """Train one style; return the path of its style checkpoint.

    Everything a user can get wrong is checked before the run folder is made.

    Args:
        run_dir: where the run's files go; None makes a new folder in `config.runs_dir`.
        resume_from: a checkpoint of a run to go on from.
        stop: its `number` is the signal that ended the run early, or None.

    Raises:
        UserError: a setting, a file or the disk does not allow it.
    """
    quieten_libraries()
    resumed = None if resume_from is None else open_run_checkpoint(resume_from)
    with distributed.one_error_per_machine():
        # Networks start from torch's randomness. Nothing in a step draws from it, python's or
        # numpy's: a crop's comes from the seed and its position, so no state has to be kept.
        pl.seed_everything(config.seed, verbose=False)
        style_image = load_style_image(config)
        config.trainer.precision = choose_precision(config.trainer)
        arguments, num_processes = trainer_arguments(config)
        check_launch(num_processes)
        if distributed.is_main_process():
            check_writable("runs_dir", Path(config.runs_dir))
            check_writable("checkpoint_dir", Path(config.checkpoint_dir))
        content = build_content(config)
        val_photos = content.val_photos()
        module = build_module(config, style_image, content.num_photos)
        module.metadata["training"]["batch_size"] = config.data.batch_size * num_processes
        if resumed is not None:
            check_same_run(resumed.metadata, module.metadata)
            # As it was, with what a run of an older faststyle could not say left out.
            module.metadata["training"] = {**resumed.metadata["training"], "steps": resumed.step}
            module.metadata["metrics"] = resumed.metadata["metrics"]

    run_dir = run_dir or _new_run_dir(config)
    with explain_full_disk(run_dir):
        _write_config(config, run_dir)
        stopping = StopOnSignal(stop or StopRequest())
        trainer = build_trainer(config, arguments, run_dir, val_photos, stopping, resumed)
        print_once(describe_style_image(config.style))
        print_once(f"{config.style.name}: previews and TensorBoard events go to {run_dir}")
        if resumed is not None:
            print_once(f"Going on at step {resumed.step} of {config.trainer.max_steps}")
        started = time.perf_counter()
        trainer.fit(module, content, ckpt_path=resume_from)
        seconds = time.perf_counter() - started
        report_skipped(distributed.union_of_all(content.skipped), run_dir)
        if not stopping.stopped:
            stopping.request.number = None  # it came too late to stop anything
            return finish(config, module, content, run_dir, seconds)
    path = run_dir / f"{config.style.name}.safetensors"
    print_once(
        f"Stopped at step {trainer.global_step}. Use it as it is:\n"
        f"  python -m infer --ckpt {path} photo.jpg\n"
        f"or go on:\n  python -m train resume={run_dir}"
    )
    return path


def _new_run_dir(config: TrainConfig) -> Path:
    """One folder for all processes: the first makes it, the others write nothing."""
    runs_dir = Path(config.runs_dir)
    return new_run_dir(runs_dir, config.style.name) if distributed.is_main_process() else runs_dir


def _write_config(config: TrainConfig, run_dir: Path) -> None:
    if not distributed.is_main_process():
        return
    run_dir.mkdir(parents=True, exist_ok=True)
    for left_over in run_dir.glob(".*.partial"):  # of a process that was killed while it wrote
        left_over.unlink(missing_ok=True)
    with atomic_write(run_dir / CONFIG) as partial:
        partial.write_text(OmegaConf.to_yaml(OmegaConf.create(dataclasses.asdict(config))))
