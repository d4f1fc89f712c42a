"""The command line of python -m train: Hydra's, with sweeps and resume."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from faststyle.checkpoints.run_folder import stylized_sample
from faststyle.config.parsing import raise_user_error
from faststyle.config.train import TrainConfig, parse
from faststyle.errors import UserError, exit_on_user_error
from faststyle.files.paths import CONF_DIR
from faststyle.malloc import tune_process
from faststyle.train import distributed
from faststyle.train.distributed import print_once
from faststyle.train.resume import find_resumable
from faststyle.train.resume_rules import merge_saved
from faststyle.train.signals import StopRequest


def main() -> None:
    """The command line: Hydra's, with every mistake of the user's as one line and exit code 2."""
    # Else Hydra prints a trimmed traceback of its own; we print a line, and bugs in full.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    tune_process()
    with exit_on_user_error("train"), distributed.one_error_per_machine():
        try:
            _run()
        except (HydraException, OmegaConfBaseException) as error:
            raise_user_error(error)
        finally:
            distributed.destroy_groups()


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
        with distributed.one_error_per_machine():
            config = parse(raw)
        _train(config, None, resume_from=None, stop=stop)
    else:
        with distributed.one_error_per_machine():
            found = find_resumable(raw.resume, Path(raw.runs_dir), str(raw.style.name))
            run_dir = found.path.parent
            config = merge_saved(run_dir, raw, overrides)
        if found.step >= config.trainer.max_steps and stylized_sample(run_dir).exists():
            style = run_dir / f"{config.style.name}.safetensors"
            print_once(f"{run_dir} has taken all its {config.trainer.max_steps} steps: {style}")
            return
        # Lightning starts further processes with these arguments: they resume from the same file.
        sys.argv[1:] = [
            f"resume={found.path}" if a.startswith("resume=") else a for a in sys.argv[1:]
        ]
        _train(config, run_dir, found.path, stop)
    if stop.number is not None:
        # As the shell reports it, so that what should follow a finished run does not start. Of
        # several processes one is enough: Lightning kills all where another reports an error.
        sys.exit(128 + stop.number if distributed.is_main_process() else 0)


def _train(
    config: TrainConfig, run_dir: Path | None, resume_from: Path | None, stop: StopRequest
) -> None:
    # torch and Lightning take seconds to import: only once the settings are known to be good.
    from faststyle.train.run import train

    train(config, run_dir, resume_from, stop)
