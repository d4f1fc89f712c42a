"""The command line of `python -m train`: Hydra's, with sweeps and resume."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from omegaconf import DictConfig

from faststyle.config.parsing import hydra_command
from faststyle.config.train import TEXT_KEYS, TrainConfig, parse
from faststyle.errors import UserError, exit_on_user_error
from faststyle.files.paths import CONF_DIR, STYLE_NAME
from faststyle.malloc import tune_process
from faststyle.train import distributed
from faststyle.train.distributed import one_error_per_machine, print_once
from faststyle.train.environment import drop_stray_variables
from faststyle.train.resume import find_run_checkpoint
from faststyle.train.resume_rules import merge_saved
from faststyle.train.signals import StopRequest


def main() -> None:
    """Train as `sys.argv` says; a user's mistake becomes one line and exit code 2."""
    tune_process()
    with exit_on_user_error("train"):
        drop_stray_variables(os.environ)  # before Lightning is imported, which reads them
        with one_error_per_machine():
            try:
                sys.argv[1:] = _name_own_style(sys.argv[1:])
                hydra_command("train", "train", _run_one, text_keys=TEXT_KEYS)
            finally:
                distributed.destroy_groups()


def _name_own_style(arguments: list[str]) -> list[str]:
    """Where a run is resumed, `style=NAME` may name a style of the user's own.

    Such a style has no file in conf/style/, and only its name is needed to find its runs.
    """
    resumes = (argument.startswith("resume=") for argument in arguments)
    if not any(resumes) or "resume=null" in arguments:
        return arguments
    known = {path.stem for path in (CONF_DIR / "style").glob("*.yaml")}
    named = []
    for argument in arguments:
        key, _, name = argument.partition("=")
        own = key == "style" and name not in known and re.fullmatch(STYLE_NAME, name)
        named += ["style=custom", f"style.name={name}"] if own else [argument]
    return named


def _run_one(raw: DictConfig, overrides: list[str]) -> None:
    stop = StopRequest()
    if raw.resume is None:
        with one_error_per_machine():
            _check_one_length(overrides)
            config = parse(raw)
        _train(config, None, None, stop)
    else:
        with one_error_per_machine():
            given = {override.partition("=")[0] for override in overrides}
            style = str(raw.style.name) if given & {"style", "style.name"} else None
            found = find_run_checkpoint(str(raw.resume), Path(raw.runs_dir), style)
            folder = found.folder
            config = merge_saved(folder, raw, overrides)
        if found.step >= config.trainer.max_steps and folder.sample.exists():
            path = folder.style(config.style.name)
            print_once(f"{folder.path} has taken all its {config.trainer.max_steps} steps: {path}")
            return
        # Lightning starts further processes with these arguments: they resume from the same file.
        sys.argv[1:] = [
            f"resume={found.path}" if a.startswith("resume=") else a for a in sys.argv[1:]
        ]
        _train(config, folder.path, found.path, stop)
    if stop.number is not None:
        # As the shell reports it, so that what should follow a finished run does not start. Of
        # several processes one is enough: Lightning kills all where another reports an error.
        sys.exit(128 + stop.number if distributed.is_main_process() else 0)


def _check_one_length(overrides: list[str]) -> None:
    given = {key for key, _, value in (o.partition("=") for o in overrides) if value != "null"}
    if {"trainer.max_steps", "trainer.max_images"} <= given:
        raise UserError(
            "trainer: max_steps and max_images are both given and both say how long; give one"
        )


def _train(
    config: TrainConfig, run_dir: Path | None, resume_from: Path | None, stop: StopRequest
) -> None:
    # torch and Lightning take seconds to import: only once the settings are known to be good.
    from faststyle.train.run import train

    train(config, run_dir, resume_from, stop)
