"""The runs of a comparison: run folders, checkpoint files or names of styles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from faststyle.checkpoints.catalog import find_style
from faststyle.checkpoints.header import style_metadata
from faststyle.checkpoints.run_folder import RunFolder
from faststyle.checkpoints.style_checkpoint import StyleCheckpoint, read_checkpoint
from faststyle.errors import UserError
from faststyle.files.pickles import UnsafeFile

SAME = ("style", "network", "loss", "loss_network", "data")  # sections of one run's checkpoints


@dataclass(frozen=True)
class Run:
    """One column of a comparison.

    Args:
        label: short, and unlike that of every other run.
        paths: of its checkpoints; the first is the one that stylizes.
        checkpoint: what the first holds.
        metrics: measured during the run and at its end, by name.
        seconds: that its steps took; None if its events are not there.
    """

    label: str
    paths: tuple[Path, ...]
    checkpoint: StyleCheckpoint
    metrics: dict[str, Any]
    seconds: float | None


def open_runs(given: Sequence[str]) -> list[Run]:
    """Open every run, in the order given.

    Raises:
        UserError: one is neither a run folder, nor a checkpoint, nor the name of a style.
    """
    runs = [_open_run(text) for text in given]
    labels = [run.label for run in runs]
    if len(set(labels)) == len(labels):
        return runs
    return [
        Run(text, run.paths, run.checkpoint, run.metrics, run.seconds)
        for text, run in zip(given, runs, strict=True)
    ]


def _open_run(text: str) -> Run:
    path = Path(text)
    if not path.is_dir():
        path = find_style(text)
        checkpoint = read_checkpoint(path)
        in_folder = RunFolder(path.parent).config.is_file()
        seconds = training_seconds(path.parent) if in_folder else None
        label = _folder_label(path.parent) if in_folder else path.stem
        return Run(label, (path,), checkpoint, checkpoint.metadata.get("metrics", {}), seconds)
    folder = RunFolder(path)
    if not folder.config.is_file():
        raise UserError(
            f"{path}: not a run folder, it has no {folder.config.name}; give runs/STYLE/DATE, a "
            "checkpoint or the name of a style"
        )
    kept = [*sorted(path.glob("*.safetensors")), folder.last, folder.previous]
    found = next((file for file in kept if file.is_file()), None)
    if found is None:
        raise UserError(f"{path}: the run has no checkpoint yet; wait, or leave it out")
    checkpoint = read_checkpoint(found)
    final = _final(folder, checkpoint.metadata)
    metrics = checkpoint.metadata.get("metrics", {}) | (final or ({}, None))[0]
    paths = (found, *([] if final is None else [final[1]]))
    return Run(_folder_label(path), paths, checkpoint, metrics, training_seconds(path))


def _folder_label(folder: Path) -> str:
    folder = folder.absolute()
    return f"{folder.parent.name}/{folder.name}"


def _final(folder: RunFolder, metadata: dict[str, Any]) -> tuple[dict[str, Any], Path] | None:
    """The metrics of the style checkpoint that the run ended with, and its path.

    A later run may have replaced it: it must agree with the run's own checkpoint.
    """
    try:
        config: Any = OmegaConf.load(folder.config)
        name = config.get("checkpoint_name") or config.style.name
        path = Path(config.checkpoint_dir) / f"{name}.safetensors"
    # Of the YAML reader and OmegaConf, by what a user made of the file.
    except Exception:
        return None
    try:
        found = style_metadata(path)
    except (OSError, UserError, UnsafeFile):
        return None
    same = all(found.get(key) == metadata.get(key) for key in SAME)
    metrics, own = found.get("metrics", {}), metadata.get("metrics", {})
    if same and all(metrics.get(key) == value for key, value in own.items()):
        return metrics, path
    return None


def training_seconds(folder: Path) -> float | None:
    """Seconds of a run's steps, by the times of its TensorBoard events.

    A resumed run has a file for each part, and the pauses between them do not count.
    """
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    files = sorted(folder.glob("events.out.tfevents.*"))
    spans = [_span(EventFileLoader(str(file)).Load()) for file in files]
    known = [span for span in spans if span is not None]
    return sum(known) if known else None


def _span(events: Iterable[Any]) -> float | None:
    times = [
        event.wall_time
        for event in events
        if any(value.tag.startswith(("train/", "val/")) for value in event.summary.value)
    ]
    return max(times) - min(times) if times else None
