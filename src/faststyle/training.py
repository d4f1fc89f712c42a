"""`python -m train`: configuration in, style checkpoint out. Read this file first."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from faststyle.config import TrainConfig, parse
from faststyle.errors import check_writable, exit_on_user_error
from faststyle.hydra_errors import raise_user_error
from faststyle.paths import CONF_DIR
from faststyle.resume import saved_config

# torch and Lightning take seconds to import: they come in only once the settings are good.


def main() -> None:
    """The command line: Hydra's, with every mistake of the user's as one line and exit code 2."""
    # Else Hydra prints a trimmed traceback of its own; we print a line, and bugs in full.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    with exit_on_user_error("train"):
        try:
            _run()
        except (HydraException, OmegaConfBaseException) as error:
            raise_user_error(error)


@hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name="train")
def _run(raw: DictConfig) -> None:
    with exit_on_user_error("train"):  # here too: else Hydra adds a line of its own
        if raw.resume is None:
            config = parse(raw)
            run_dir = Path(config.runs_dir) / config.style.name / time.strftime("%Y-%m-%d_%H-%M-%S")
            train(config, run_dir, resume_from=None)
        else:
            run_dir = Path(raw.resume)
            run_dir = run_dir.parent if run_dir.is_file() else run_dir
            config = saved_config(run_dir, raw, HydraConfig.get().overrides.task)
            train(config, run_dir, resume_from=run_dir / "last.ckpt")


def train(config: TrainConfig, run_dir: Path, resume_from: Path | None) -> Path:
    """Train one style; return the path of its style checkpoint.

    Everything a user can get wrong is checked before the run folder is made.
    """
    import pytorch_lightning as pl
    from pytorch_lightning.loggers import TensorBoardLogger

    from faststyle.building import (
        build_content,
        build_module,
        load_style_image,
        trainer_arguments,
    )
    from faststyle.callbacks import Checkpoints, ProgressBar, StopOnSignal, Throughput, Validation
    from faststyle.module import LOG_EVERY

    _quieten_libraries()
    pl.seed_everything(config.seed, verbose=False)
    style_image = load_style_image(config)
    arguments = trainer_arguments(config)
    check_writable("runs_dir", Path(config.runs_dir))
    check_writable("checkpoint_dir", Path(config.checkpoint_dir))
    content = build_content(config)
    val_photos = content.val_photos()
    module = build_module(config, style_image, content.num_photos)

    run_dir.mkdir(parents=True, exist_ok=True)
    settings = OmegaConf.to_yaml(OmegaConf.create(dataclasses.asdict(config)))
    (run_dir / "config.yaml").write_text(settings)
    logger = TensorBoardLogger(run_dir, name="", version="")
    logger.log_hyperparams(dataclasses.asdict(config))
    validation = Validation(val_photos, config.trainer.preview_every, run_dir)
    checkpoints = Checkpoints(
        run_dir, config.style.name, config.trainer.checkpoint_every, validation
    )
    stop = StopOnSignal()
    callbacks: list[Any] = [stop, validation, Throughput(), checkpoints]
    if config.trainer.progress_bar:
        callbacks.append(ProgressBar(config.style.name))
    trainer = pl.Trainer(
        **arguments,
        logger=logger,
        callbacks=callbacks,
        log_every_n_steps=LOG_EVERY,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=config.trainer.progress_bar,
        use_distributed_sampler=False,
    )
    print(f"{config.style.name}: previews and TensorBoard events go to {run_dir}")
    started = time.perf_counter()
    trainer.fit(module, content, ckpt_path=resume_from)
    seconds = time.perf_counter() - started
    _report_skipped(content.skipped, run_dir)
    if stop.stopped:
        print(
            f"Stopped at step {trainer.global_step}. Use it as it is:\n"
            f"  python -m infer --ckpt {checkpoints.style_path} photo.jpg\n"
            f"or go on:\n  python -m train resume={run_dir}"
        )
        return checkpoints.style_path
    final = Path(config.checkpoint_dir) / checkpoints.style_path.name
    shutil.copyfile(checkpoints.style_path, final.with_name(f".{final.name}.partial"))
    os.replace(final.with_name(f".{final.name}.partial"), final)
    first, last = validation.first, validation.latest
    print(
        f"{config.style.title}: {trainer.global_step} steps, {seconds:.0f} s; on held-out photos "
        f"style loss {first['style_loss']:.3g} -> {last['style_loss']:.3g}, "
        f"content loss {first['content_loss']:.3g} -> {last['content_loss']:.3g}.\n"
        f"Style checkpoint: {final}. Use it:\n  python -m infer --ckpt {final} photo.jpg"
    )
    return final


def _quieten_libraries() -> None:
    """Keep the screen for what a user can act on."""
    import logging
    import warnings

    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    logging.getLogger("lightning").setLevel(logging.WARNING)
    # None is what a CPU wants, and what content.py chose; see there.
    warnings.filterwarnings("ignore", ".*does not have many workers.*")


def _report_skipped(skipped: set[str], run_dir: Path) -> None:
    if skipped:
        path = run_dir / "skipped.txt"
        path.write_text("".join(f"{name}\n" for name in sorted(skipped)))
        print(
            f"{len(skipped)} photos could not be used, {sorted(skipped)[0]} the first; "
            f"all are in {path}",
            file=sys.stderr,
        )
