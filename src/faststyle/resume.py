"""Going on with a run: its settings come from its folder, and what is given must agree."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from faststyle.config import TrainConfig, parse
from faststyle.errors import UserError


def saved_config(run_dir: Path, raw: DictConfig, overrides: list[str]) -> TrainConfig:
    """The settings of the run to be resumed; given ones must agree with them."""
    saved_path = run_dir / "config.yaml"
    if not (saved_path.is_file() and (run_dir / "last.ckpt").is_file()):
        raise UserError(f"resume: {run_dir} is no run folder with a config.yaml and a last.ckpt")
    saved = OmegaConf.create(saved_path.read_text())
    for override in overrides:
        key = override.partition("=")[0].lstrip("+~")
        key = "style.name" if key == "style" else key
        before, now = OmegaConf.select(saved, key), OmegaConf.select(raw, key)
        if key != "resume" and not OmegaConf.is_config(now) and before != now:
            raise UserError(
                f"resume: {run_dir} was started with {key}={before}, not {now}; "
                "leave it out, or start a new run (init_from= takes weights from an old one)"
            )
    assert isinstance(saved, DictConfig)
    return parse(saved)
