"""What is known of each run, as rows of text: its settings, its results."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from faststyle.compare.evaluations import Evaluation
from faststyle.compare.runs import Run

SECTIONS = ("style", "network", "loss", "loss_network", "data", "training", "origin")
LEFT_OUT = {"loss_network.card", "training.init_from_sha256"}
UNKNOWN = "-"
LOSSES = ("total_loss", "content_loss", "style_loss", "tv_loss")


@dataclass(frozen=True)
class Row:
    """One line of a table: what it is, and a text for each run."""

    name: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether two runs have different values."""
        return len(set(self.values)) > 1


def settings(runs: Sequence[Run]) -> list[Row]:
    """Every setting that any run records, in the order of the sections."""
    found = [_flat(run.checkpoint.metadata) for run in runs]
    known = dict.fromkeys(name for flat in found for name in flat)
    names = sorted(known, key=lambda name: SECTIONS.index(name.partition(".")[0]))
    return [Row(name, tuple(flat.get(name, UNKNOWN) for flat in found)) for name in names]


def results(
    runs: Sequence[Run], evaluations: Sequence[Evaluation | None], pass_seconds: Sequence[float]
) -> list[Row]:
    """Losses, lengths, times and worth of every run; a row that nobody knows is left out."""
    metrics = [run.metrics for run in runs]
    rows = []
    for term in LOSSES:
        values = tuple(_number(found.get(f"val/{term}")) for found in metrics)
        rows.append(Row(f"held-out {term.replace('_', ' ')}", values))
    training: list[Mapping[str, Any]] = [
        run.checkpoint.metadata.get("training", {}) for run in runs
    ]
    rows += [
        Row("images seen", tuple(map(_images, training))),
        Row("training", tuple(_duration(run.seconds) for run in runs)),
        Row("a photo here", tuple(_duration(seconds) for seconds in pass_seconds)),
        Row(
            "worth, L-BFGS iterations",
            tuple(str(m.get("equivalent_lbfgs_iterations", UNKNOWN)) for m in metrics),
        ),
    ]
    names = dict.fromkeys(
        name for found in evaluations if found is not None for name in found.facts
    )
    for name in names:
        facts = [{} if found is None else found.facts for found in evaluations]
        rows.append(Row(f"evaluated: {name}", tuple(fact.get(name, UNKNOWN) for fact in facts)))
    return [row for row in rows if set(row.values) != {UNKNOWN}]


def _flat(metadata: Mapping[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for section in SECTIONS:
        for key, value in (metadata.get(section) or {}).items():
            name = f"{section}.{key}"
            if name not in LEFT_OUT and value is not None:
                flat[name] = ", ".join(map(str, value)) if isinstance(value, list) else _text(value)
    return flat


def _text(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value):
        return value[:12]  # of a SHA-256
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _number(value: Any) -> str:
    return UNKNOWN if not isinstance(value, int | float) else f"{value:.3g}"


def _images(training: Mapping[str, Any]) -> str:
    steps, batch = training.get("steps"), training.get("batch_size")
    return UNKNOWN if steps is None or batch is None else f"{steps * batch:,}"


def _duration(seconds: float | None) -> str:
    """`3 h 05 min`, `12 min`, `40 s` or `0.12 s`."""
    if seconds is None:
        return UNKNOWN
    if seconds < 10:
        return f"{seconds:.2g} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
