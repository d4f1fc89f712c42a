"""Train one style: check, build, fit, finish. Read this file first."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pytorch_lightning as pl
from omegaconf import OmegaConf

from faststyle.checkpoints.run_folder import RunFolder
from faststyle.config.overrides import literal
from faststyle.config.style_image import describe_style_image
from faststyle.config.train import NEAREST, TrainConfig
from faststyle.files.atomic import atomic_write, check_writable
from faststyle.files.paths import shell_command
from faststyle.images.tensors import to_tensor
from faststyle.train import launch as launching
from faststyle.train.build import build_content, build_module, build_trainer
from faststyle.train.callbacks import StopOnSignal
from faststyle.train.checkpointing import RunCheckpoints, explain_full_disk
from faststyle.train.distributed import (
    is_main_process,
    one_error_per_machine,
    print_once,
    union_of_all,
)
from faststyle.train.finish import finish, report_skipped
from faststyle.train.inputs import check_crops, read_base_style, read_style_image
from faststyle.train.memory import check_held_out_fit, check_step_fits, explain_out_of_memory
from faststyle.train.nearest import start_from_nearest
from faststyle.train.provenance import record_of
from faststyle.train.resume import open_run_checkpoint
from faststyle.train.resume_rules import check_same_photos, check_same_run
from faststyle.train.signals import StopRequest


def train(
    config: TrainConfig,
    run_dir: Path | None = None,
    resume_from: Path | None = None,
    stop: StopRequest | None = None,
) -> Path:
    """Train one style; return the path of its style checkpoint.

    Everything a user can get wrong is checked before the run folder is made.

    Args:
        run_dir: where the run's files go; None makes a new folder in `config.runs_dir`.
        resume_from: the run checkpoint that the run resumes from.
        stop: after the call, `number` is the signal that ended the run early, or None.

    Raises:
        UserError: a setting or a file is wrong, or memory or disk do not suffice.
    """
    launching.quieten_libraries()
    resumed = None if resume_from is None else open_run_checkpoint(resume_from)
    with one_error_per_machine(), explain_out_of_memory(config, training=False):
        # For the initial weights. A training step draws no random numbers, and the crops have
        # generators of their own, so a checkpoint keeps no generator's state.
        pl.seed_everything(config.seed, verbose=False)
        check_crops(config)
        check_held_out_fit(config.data)
        style_image = read_style_image(config)
        launch = launching.resolve(config)
        config = launch.config
        if is_main_process():
            check_writable("runs_dir", Path(config.runs_dir))
            check_writable("checkpoint_dir", Path(config.checkpoint_dir))
        content = build_content(config)
        to_choose = config.init_from == NEAREST
        base = None if to_choose else read_base_style(config.init_from, config.network)
        module = build_module(config, style_image, base)
        check_step_fits(module, config.data, launch.device)
        val_photos = content.val_photos()
        held_out_colors = val_photos.mean((2, 3))
        if to_choose:
            base = start_from_nearest(module, val_photos, config.network)
            config = dataclasses.replace(config, init_from=base.name)
        record = record_of(
            config,
            style_image,
            base,
            num_photos=content.num_photos,
            batch_size=launch.batch_size,
        )
        if resumed is not None:
            check_same_run(resumed.metadata, record.metadata())
            check_same_photos(resumed.held_out_colors, held_out_colors)
            record = record.resumed_from(resumed.metadata, resumed.step)

    folder = _run_folder(config, run_dir)
    with explain_full_disk(folder), explain_out_of_memory(config):
        _write_config(config, folder)
        stopping = StopOnSignal(stop or StopRequest())
        checkpoints = RunCheckpoints(
            folder,
            record,
            config.trainer.checkpoint_every,
            config.trainer.checkpoint_minutes,
            resume_from,
            held_out_colors,
        )
        trainer = build_trainer(
            launch, folder, style_image, val_photos, checkpoints, stopping, resumed
        )
        print_once(describe_style_image(config.style))
        print_once(f"{config.style.name}: previews and TensorBoard events go to {folder.path}")
        if resumed is not None:
            print_once(f"Resuming at step {resumed.step} of {config.trainer.max_steps}")
        started = time.perf_counter()
        trainer.fit(module, content, ckpt_path=resume_from)
        seconds = time.perf_counter() - started
        report_skipped(union_of_all(content.skipped), folder.skipped)
        if not stopping.stopped:
            stopping.request.number = None  # a signal after the last step stopped nothing
            base_photo_end = None if base is None else base.checkpoint.photo_end
            return finish(
                config,
                module,
                checkpoints.record,
                content,
                folder,
                seconds,
                base_photo_end,
                to_tensor(style_image.image),
            )
    path = folder.style(config.style.name)
    print_once(
        f"Stopped at step {trainer.global_step}. Use it as it is:\n"
        f"  {shell_command('python', '-m', 'infer', '--ckpt', path, 'photo.jpg')}\n"
        f"or resume:\n  {shell_command('python', '-m', 'train', f'resume={folder.path}')}"
    )
    return path


def _run_folder(config: TrainConfig, run_dir: Path | None) -> RunFolder:
    """Make the run folder in the main process; the others write nothing."""
    if run_dir is not None:
        return RunFolder(run_dir)
    runs_dir = Path(config.runs_dir)
    if is_main_process():
        return RunFolder.create(runs_dir, config.style.name)
    return RunFolder(runs_dir)


def _write_config(config: TrainConfig, folder: RunFolder) -> None:
    if not is_main_process():
        return
    folder.path.mkdir(parents=True, exist_ok=True)
    for left_over in folder.path.glob(".*.partial"):  # of a process that was killed while writing
        left_over.unlink(missing_ok=True)
    with atomic_write(folder.config) as partial:
        settings = OmegaConf.create(literal(dataclasses.asdict(config)))
        partial.write_text(OmegaConf.to_yaml(settings), encoding="utf-8")
