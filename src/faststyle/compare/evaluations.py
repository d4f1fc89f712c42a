"""What faststyle.evaluate found out about a run: its results.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faststyle.compare.runs import Run
from faststyle.errors import UserError


@dataclass(frozen=True)
class Evaluation:
    """One results.json.

    Args:
        path: its file.
        checkpoint: of the style that was measured, as it was given.
        facts: medians over photos as text, by name and size.
    """

    path: Path
    checkpoint: Path
    facts: dict[str, str]


def open_evaluations(folders: Sequence[Path], runs: Sequence[Run]) -> list[Evaluation | None]:
    """The evaluation of each run, found by the path of its checkpoint; None where there is none.

    Raises:
        UserError: a folder has no results, or those of a checkpoint that is not compared.
    """
    found = [_read(folder / "results.json") for folder in folders]
    own = [{path.resolve() for path in run.paths} for run in runs]
    for evaluation in found:
        if not any(evaluation.checkpoint in paths for paths in own):
            raise UserError(
                f"--evaluations: {evaluation.path} is of {evaluation.checkpoint}, which is not "
                "compared; give that checkpoint as a run, or leave the folder out"
            )
    return [next((e for e in found if e.checkpoint in paths), None) for paths in own]


def _read(path: Path) -> Evaluation:
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        facts: dict[str, str] = {}
        for size, summary in plain["sizes"].items():
            facts |= {f"{name}, {size} px": text for name, text in _facts(summary).items()}
        return Evaluation(path, Path(plain["checkpoint"]).resolve(), facts)
    except OSError as error:
        raise UserError(
            f"--evaluations: cannot read {path}: {error.strerror or error}; give the --output "
            "folders of faststyle.evaluate"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"--evaluations: {path} was not written by faststyle.evaluate") from error


def _facts(summary: Mapping[str, Any]) -> dict[str, str]:
    facts = {"objective": f"{summary['network']['total_loss']:.3g}"}
    for start, quartiles in summary["equivalent_iterations"].items():
        median = quartiles["median"]
        more = ">" if median["more"] else ""
        facts[f"worth from {start}"] = f"{more}{median['value']:.3g} iterations"
    stylized = summary["artifacts"]["stylized"]
    facts["checkerboard"] = f"{stylized['checkerboard']:.2%}"
    facts["border error"] = f"{stylized['border_error']:.2f}"
    return facts
