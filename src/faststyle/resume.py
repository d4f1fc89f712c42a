"""Going on with a run: its settings come from its folder, and what is given must agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from faststyle.config import TrainConfig, parse
from faststyle.errors import UserError


def saved_config(run_dir: Path, raw: DictConfig, overrides: list[str]) -> TrainConfig:
    """The settings of the run to be resumed; given ones must agree with them."""
    saved_path = run_dir / "config.yaml"
    if not (saved_path.is_file() and (run_dir / "last.ckpt").is_file()):
        raise UserError(f"resume: {run_dir} is no run folder with a config.yaml and a last.ckpt")
    saved = OmegaConf.create(saved_path.read_text())
    assert isinstance(saved, DictConfig)
    for override in overrides:
        key = override.partition("=")[0].lstrip("+~")
        key = "style.name" if key == "style" else key
        before, now = OmegaConf.select(saved, key), OmegaConf.select(raw, key)
        for leaf, old, new in _leaves(key, before, now) if key != "resume" else ():
            if old != new:
                raise UserError(
                    f"resume: {run_dir} was started with {leaf}={old}, not {new}; "
                    "leave it out, or start a new run (init_from= takes weights from an old one)"
                )
    return parse(saved)


def _leaves(key: str, before: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    """Every value under `key`, before and now: a whole group where one is given."""
    if not isinstance(now, DictConfig):
        yield key, before, now
        return
    for name in now:
        if not OmegaConf.is_missing(now, name):
            old = before.get(name) if isinstance(before, DictConfig) else None
            yield from _leaves(f"{key}.{name}", old, now[name])


def steps_taken(run_dir: Path) -> int:
    """How many steps the run in this folder has behind it."""
    import torch

    return torch.load(run_dir / "last.ckpt", map_location="cpu", weights_only=True)["global_step"]
