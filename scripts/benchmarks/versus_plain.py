"""Time faststyle beside a plain implementation: one run, taking turns, medians.

    python -m scripts.benchmarks.versus_plain --loss-network-weights vgg19.pth

Both have the same weights and photos, and each has its own process. plain.py is the baseline,
contender.py what is timed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import statistics
from pathlib import Path
from typing import Any

import torch

from faststyle.files.atomic import atomic_write
from scripts.benchmarks.contender import CONTENDERS
from scripts.benchmarks.machine import describe_machine
from scripts.benchmarks.processes import Remote, contenders, race

SIZES = {"256x256": (256, 256), "512x512": (512, 512), "720p": (720, 1280), "1080p": (1080, 1920)}
MAX_PIXELS = 12_000_000  # timed in one row; larger pictures are repeated less often
CURVE_STEPS, CURVE_SIDE = 50, 128
DISTURBANCE = 1e-6  # relative, of the weights: shows how far rounding alone drives two runs apart
PARTS = ("training", "inference", "cold")


def race_inference(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Print and return a row for each picture size and batch size."""
    rows = []
    for name, batch in itertools.product(options.sizes, options.batches):
        size = (batch, *SIZES[name])
        pixels = math.prod(size)
        repeats = max(1, min(options.repeats, MAX_PIXELS // pixels))
        try:
            with contenders(options.device, options.loss_network_weights) as pair:
                row = {"what": f"{name}, batch {batch}"} | race(pair, repeats, "stylize", size)
                difference = pair["ours"].ask("compare_stylize", (1, *SIZES[name]))
                floor = pair["plain"].ask("floor", "stylize", (1, 64, 64))
        except (EOFError, BrokenPipeError):
            print(
                f"| {name}, batch {batch} | out of memory | | | | |",
                flush=True,
            )
            continue
        row["floor"] = floor * pixels / 64**2
        row["difference"] = f"output {difference:.1e}"
        rows.append(row)
        print(_line(row), flush=True)
    return rows


def race_training(options: argparse.Namespace) -> dict[str, Any]:
    """Print and return the row of the training step, with the curves of both contenders."""
    with contenders(options.device, options.loss_network_weights) as pair:
        for remote in pair.values():
            remote.ask("prepare_training")
        loss, gradient = pair["ours"].ask("compare_training")
        row: dict[str, Any] = {"what": "training step"} | race(pair, options.repeats, "train_step")
        row["floor"] = pair["plain"].ask("floor", "train_step")
        length = (CURVE_STEPS, CURVE_SIDE)
        curves = {who: remote.ask("curve", *length) for who, remote in pair.items()}
        curves["disturbed"] = pair["plain"].ask("curve", *length, DISTURBANCE)
    apart = {who: mean_distance(curves["plain"], curve) for who, curve in curves.items()}
    row["difference"] = (
        f"loss {loss:.1e}, gradient {gradient:.1e}; {CURVE_STEPS} steps {apart['ours']:.1e} "
        f"(plain with weights changed by {DISTURBANCE:.0e}: {apart['disturbed']:.1e})"
    )
    row["curves"] = curves
    row["images per second"] = {who: 4 / row[who] for who in CONTENDERS}
    print(_line(row), flush=True)
    return row


def mean_distance(first: list[float], second: list[float]) -> float:
    """Return the mean relative distance between two loss curves."""
    return statistics.mean(abs(a - b) / a for a, b in zip(first, second, strict=True))


def race_from_cold(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Print and return the first picture's seconds and the peak memory, in fresh processes."""
    rows = []
    for name in options.sizes:
        runs: dict[str, list[Remote]] = {who: [] for who in CONTENDERS}
        for _ in range(3):
            for who, found in runs.items():
                remote = Remote(who, options.device, None)
                remote.ask("stylize", (1, *SIZES[name]))
                remote.close()
                found.append(remote)
        first = {w: statistics.median(r.seconds for r in found) for w, found in runs.items()}
        peak = {w: statistics.median(r.peak_bytes for r in found) for w, found in runs.items()}
        rows.append({"what": name, "first": first, "peak_bytes": peak})
        numbers = [*first.values(), *(value / 1e9 for value in peak.values())]
        print(f"| {name} | " + " | ".join(f"{n:.2f}" for n in numbers) + " |", flush=True)
    return rows


def _line(row: dict[str, Any]) -> str:
    numbers = " | ".join(f"{row[k]:.3f}" for k in ("plain", "ours", "floor"))
    return f"| {row['what']} | {numbers} | {row['ratio']:.2f} | {row['difference']} |"


def main() -> None:
    parser = argparse.ArgumentParser(description="Time faststyle beside a plain implementation.")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--loss-network-weights", type=Path, metavar="FILE", help="VGG-19's (default: random)"
    )
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", type=Path, default=Path("benchmark.json"))
    options = parser.parse_args()
    machine = describe_machine(torch.device(options.device))
    print(f"{machine}\n\n| | plain, s | ours, s | floor, s | ratio | difference |")
    print("|---|---|---|---|---|---|", flush=True)
    report: dict[str, Any] = {"machine": machine}
    if "training" in options.parts:
        report["training"] = race_training(options)
    if "inference" in options.parts:
        report["inference"] = race_inference(options)
    if "cold" in options.parts:
        print("\n| | first, plain | first, ours | peak GB, plain | peak GB, ours |")
        print("|---|---|---|---|---|", flush=True)
        report["cold"] = race_from_cold(options)
    with atomic_write(options.output) as partial:
        partial.write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
