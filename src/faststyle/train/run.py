"""`python -m train`: configuration in, style checkpoint out. Read this file first."""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from pathlib import Path

# torch and Lightning take seconds to import: they come in only once the settings are good.
import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from faststyle.checkpoints.run_folder import CONFIG, new_run_dir, painted_sample
from faststyle.config.parsing import raise_user_error
from faststyle.config.style_image import describe_picture
from faststyle.config.train import TrainConfig, parse
from faststyle.errors import UserError, exit_on_user_error
from faststyle.files.atomic import atomic_write, check_writable
from faststyle.files.paths import CONF_DIR
from faststyle.memory_reuse import keep_freed_memory
from faststyle.train import distributed as processes
from faststyle.train.distributed import say
from faststyle.train.resume import find_resumable, read
from faststyle.train.resume_rules import check_same_work, saved_config
from faststyle.train.signals import StopRequest


def main() -> None:
    """The command line: Hydra's, with every mistake of the user's as one line and exit code 2."""
    # Else Hydra prints a trimmed traceback of its own; we print a line, and bugs in full.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    keep_freed_memory()
    with exit_on_user_error("train"), processes.said_once():
        try:
            _run()
        except (HydraException, OmegaConfBaseException) as error:
            raise_user_error(error)
        finally:
            processes.part()


@hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name="train")
def _run(raw: DictConfig) -> None:
    job = HydraConfig.get()
    if job.mode == RunMode.RUN:
        with exit_on_user_error("train"):  # here too: else Hydra adds a line of its own
            _run_one(raw, job.overrides.task)
        return
    try:
        _run_one(raw, job.overrides.task)
    except UserError as error:
        # Told now; raised too, so that Hydra goes on with the others and fails in the end.
        print(f"train: {' '.join(job.overrides.task)}: {error}", file=sys.stderr)
        raise RunFailed("not every run went well: see above") from None


class RunFailed(UserError):
    """One of several runs was given up; its own message has been printed."""


def _run_one(raw: DictConfig, overrides: list[str]) -> None:
    stop = StopRequest()
    if raw.resume is None:
        with processes.said_once():
            config = parse(raw)
        train(config, None, resume_from=None, stop=stop)
    else:
        with processes.said_once():
            found = find_resumable(raw.resume, Path(raw.runs_dir), str(raw.style.name))
            run_dir = found.path.parent
            config = saved_config(run_dir, raw, overrides)
        if found.step >= config.trainer.max_steps and painted_sample(run_dir).exists():
            style = run_dir / f"{config.style.name}.safetensors"
            say(f"{run_dir} has taken all its {config.trainer.max_steps} steps: {style}")
            return
        # Lightning starts further processes with these arguments: they resume from the same file.
        sys.argv[1:] = [
            f"resume={found.path}" if a.startswith("resume=") else a for a in sys.argv[1:]
        ]
        train(config, run_dir, found.path, stop)
    if stop.number is not None:
        # As the shell reports it, so that what should follow a finished run does not start. Of
        # several processes one is enough: Lightning kills all where another reports an error.
        sys.exit(128 + stop.number if processes.is_first() else 0)


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
    import pytorch_lightning as pl

    from faststyle.train import build as building
    from faststyle.train.callbacks import StopOnSignal
    from faststyle.train.checkpointing import naming_the_disk
    from faststyle.train.finish import finish, report_skipped

    _quieten_libraries()
    resumed = None if resume_from is None else read(resume_from)
    with processes.said_once():
        # Networks start from torch's randomness. Nothing in a step draws from it, python's or
        # numpy's: a crop's comes from the seed and its position, so no state has to be kept.
        pl.seed_everything(config.seed, verbose=False)
        style_image = building.load_style_image(config)
        config.trainer.precision = building.choose_precision(config.trainer)
        arguments, num_processes = building.trainer_arguments(config)
        _check_launch(num_processes)
        if processes.is_first():
            check_writable("runs_dir", Path(config.runs_dir))
            check_writable("checkpoint_dir", Path(config.checkpoint_dir))
        content = building.build_content(config)
        val_photos = content.val_photos()
        module = building.build_module(config, style_image, content.num_photos)
        module.metadata["training"]["batch_size"] = config.data.batch_size * num_processes
        if resumed is not None:
            check_same_work(resumed.metadata, module.metadata)
            # As it was, with what a run of an older faststyle could not say left out.
            module.metadata["training"] = {**resumed.metadata["training"], "steps": resumed.step}
            module.metadata["metrics"] = resumed.metadata["metrics"]

    run_dir = run_dir or _new_run_dir(config)
    with naming_the_disk(run_dir):
        _write_config(config, run_dir)
        stopping = StopOnSignal(stop or StopRequest())
        trainer = building.build_trainer(config, arguments, run_dir, val_photos, stopping, resumed)
        say(describe_picture(config.style))
        say(f"{config.style.name}: previews and TensorBoard events go to {run_dir}")
        if resumed is not None:
            say(f"Going on at step {resumed.step} of {config.trainer.max_steps}")
        started = time.perf_counter()
        trainer.fit(module, content, ckpt_path=resume_from)
        seconds = time.perf_counter() - started
        report_skipped(processes.gather(content.skipped), run_dir)
        if not stopping.stopped:
            stopping.request.number = None  # it came too late to stop anything
            return finish(config, module, content, run_dir, seconds)
    path = run_dir / f"{config.style.name}.safetensors"
    say(
        f"Stopped at step {trainer.global_step}. Use it as it is:\n"
        f"  python -m infer --ckpt {path} photo.jpg\n"
        f"or go on:\n  python -m train resume={run_dir}"
    )
    return path


def _check_launch(num_processes: int) -> None:
    sweep = HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN
    if sweep and num_processes > 1:
        raise UserError(
            f"-m trains on one device a run, not {num_processes}: give trainer.devices=1, or start "
            "one style after the other without -m"
        )


def _new_run_dir(config: TrainConfig) -> Path:
    """One folder for all processes: the first makes it, the others write nothing."""
    runs_dir = Path(config.runs_dir)
    return new_run_dir(runs_dir, config.style.name) if processes.is_first() else runs_dir


def _write_config(config: TrainConfig, run_dir: Path) -> None:
    if not processes.is_first():
        return
    run_dir.mkdir(parents=True, exist_ok=True)
    for left_over in run_dir.glob(".*.partial"):  # of a process that was killed while it wrote
        left_over.unlink(missing_ok=True)
    with atomic_write(run_dir / CONFIG) as partial:
        partial.write_text(OmegaConf.to_yaml(OmegaConf.create(dataclasses.asdict(config))))


def _quieten_libraries() -> None:
    """Keep the screen for what a user can act on."""
    import logging
    import warnings

    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    logging.getLogger("lightning").setLevel(logging.WARNING)
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    # None is what a CPU wants, and what content.py chose; see there.
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    # Ours starts at the right photo by itself: content.Positions.
    warnings.filterwarnings("ignore", ".*your dataloader is not resumable.*")
    warnings.filterwarnings("ignore", ".*is smaller than the logging interval.*")
    # Lightning 2.6 beside torch 2.15 calls what torch deprecates.
    warnings.filterwarnings("ignore", r".*treespec, LeafSpec.*")
