"""Report an evaluation: the table, results.json, the plot, the contact sheets."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from faststyle.evaluate.contact_sheet import contact_sheet
from faststyle.evaluate.curves import LOSSES, STARTS
from faststyle.evaluate.measure import PhotoMeasurements
from faststyle.evaluate.plots import plot_curves
from faststyle.evaluate.yardstick import Bound, quantile
from faststyle.files.atomic import atomic_write
from faststyle.images.write import save_image

SHOWN_ITERATIONS = (1, 5, 10, 25, 50, 100, 200)
GET_MATPLOTLIB = 'run pip install "faststyle-torch[evaluate]" and evaluate again'
QUARTILES = {"lower_quartile": 0.25, "median": 0.5, "upper_quartile": 0.75}


def write_report(
    folder: Path, measured: Sequence[PhotoMeasurements], about: dict[str, Any]
) -> list[Path]:
    """Print the table, write everything else into `folder`, and return the paths of the files.

    Without matplotlib there is no plot, and a line on stderr how to get it.
    """
    by_size: dict[int, list[PhotoMeasurements]] = {}
    for photo in measured:
        by_size.setdefault(photo.size, []).append(photo)
    summaries = {size: summarize(group) for size, group in by_size.items()}
    for size, summary in summaries.items():
        print(f"\n{table(size, summary)}")
    results = {**about, "sizes": summaries, "photos": [_of_photo(photo) for photo in measured]}
    written = [folder / "results.json"]
    with atomic_write(written[0]) as partial:
        partial.write_text(json.dumps(results, indent=1))
    try:
        save_image(plot_curves(by_size), folder / "objective.png")
        written.append(folder / "objective.png")
    except ImportError as error:
        print(f"evaluate: no plot is drawn: {error}; {GET_MATPLOTLIB}", file=sys.stderr)
    for size, group in by_size.items():
        written.append(folder / f"contact_sheet_{size}.jpg")
        save_image(contact_sheet(group), written[-1])
    print()
    return written


def summarize(group: Sequence[PhotoMeasurements]) -> dict[str, Any]:
    """Medians over photos of one size as plain values.

    Equivalent iterations and speed-up are quartiles of {"value", "more"}; with `more` the value is
    a lower bound. The speed-up is None if no curve was timed on the same device.
    """
    last = min(len(curve.seconds) for f in group for curve in f.curves.values()) - 1
    shown = sorted({i for i in SHOWN_ITERATIONS if i <= last} | {last})
    return {
        "num_photos": len(group),
        "network": _median_losses(f.network for f in group),
        "untouched": _median_losses(f.untouched for f in group),
        "lbfgs": {
            start: {
                i: _median_losses(
                    {name: f.curves[start].losses[name][i] for name in LOSSES} for f in group
                )
                for i in shown
            }
            for start in STARTS
        },
        "equivalent_iterations": {s: _quartiles([f.equivalent(s) for f in group]) for s in STARTS},
        "speed_up": {s: _quartiles([f.speed_up(s) for f in group]) for s in STARTS},
        "forward_seconds": statistics.median(f.pass_seconds for f in group),
        "artifacts": {
            picture: {
                name: statistics.median(f.artifacts[picture][name] for f in group)
                for name in group[0].artifacts[picture]
            }
            for picture in group[0].artifacts
        },
        "viewers": {
            name: statistics.median(f.viewers[name] for f in group) for name in group[0].viewers
        },
    }


def table(size: int, summary: dict[str, Any]) -> str:
    """The summary as text."""

    def row(label: str, *groups: dict[str, float]) -> str:
        cells = "   ".join("".join(f"{group[k]:>10.4g}" for k in LOSSES) for group in groups)
        return f"{label:<18}{cells}"

    names = "".join(f"{name.removesuffix('_loss'):>10}" for name in LOSSES)
    lbfgs = summary["lbfgs"]
    lines = [
        f"{size} pixels, medians over {summary['num_photos']} photos",
        f"{'':<18}{names}",
        row("this checkpoint", summary["network"]),
        row("untouched photo", summary["untouched"]),
        f"{'L-BFGS':<18}{'from noise':>30}   {'from content':>30}",
        *(row(f"{i:>5} iterations", *(lbfgs[s][i] for s in STARTS)) for i in lbfgs["noise"]),
    ]
    for start in STARTS:
        worth = summary["equivalent_iterations"][start]
        gain = summary["speed_up"][start]
        speed = f", {_bound(gain['median'])} times as fast" if gain else ""
        lines.append(
            f"worth {_bound(worth['median'])} iterations from {start} "
            f"(quartiles {_bound(worth['lower_quartile'])} and "
            f"{_bound(worth['upper_quartile'])}){speed}"
        )
    made, given = summary["artifacts"]["stylized"], summary["artifacts"]["photo"]
    lines.append(
        f"checkerboard {made['checkerboard']:.2%} of fine detail (photo "
        f"{given['checkerboard']:.2%}), border error {made['border_error']:.2f} (1 is none), "
        f"clipped {made['clipped']:.2%} (photo {given['clipped']:.2%})"
    )
    seen = summary["viewers"]
    lines.append(
        f"strokes in flat areas {seen['stroke_contrast']:.2f} of the style image's contrast, "
        f"regular grids {seen['grid']:.1%} of fine detail"
    )
    return "\n".join(lines)


def _median_losses(losses: Iterable[dict[str, float]]) -> dict[str, float]:
    rows = list(losses)
    return {name: statistics.median(row[name] for row in rows) for name in LOSSES}


def _quartiles(bounds: Sequence[Bound | None]) -> dict[str, dict[str, Any]] | None:
    known = [bound for bound in bounds if bound is not None]
    if not known:
        return None
    return {name: vars(quantile(known, share)) for name, share in QUARTILES.items()}


def _bound(plain: dict[str, Any]) -> Bound:
    return Bound(**plain)


def _of_photo(photo: PhotoMeasurements) -> dict[str, Any]:
    speed_ups = {start: photo.speed_up(start) for start in STARTS}
    return {
        "name": photo.name,
        "size": photo.size,
        "network": photo.network,
        "untouched": photo.untouched,
        "equivalent_iterations": {s: vars(photo.equivalent(s)) for s in STARTS},
        "speed_up": {s: vars(found) if found else None for s, found in speed_ups.items()},
        "forward_seconds": photo.pass_seconds,
        "artifacts": photo.artifacts,
        "viewers": photo.viewers,
        "lbfgs": {
            start: {"seconds": curve.seconds, "device": curve.device, **curve.losses}
            for start, curve in photo.curves.items()
        },
    }
