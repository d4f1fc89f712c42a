"""Time ONNX Runtime beside faststyle with the same style, taking turns; medians.

    python -m scripts.benchmarks.onnx_runtime --ckpt starry_night

Each has a process of its own and the same number of threads. Both get the photo as a tensor and
give the stylized one, with border and padding. CPU seconds are those of all threads: other work on
the machine disturbs them less.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from faststyle import load_style, tune_process
from faststyle.checkpoints.catalog import find_style
from faststyle.checkpoints.style_checkpoint import read_checkpoint
from scripts.benchmarks.machine import describe_machine

SIZES = {"256x256": (256, 256), "512x512": (512, 512), "720p": (720, 1280), "1080p": (1080, 1920)}
CONTENDERS = ("onnxruntime", "faststyle")

Stylize = Callable[[torch.Tensor], Any]


def contender(who: str, style: str, onnx_file: Path) -> Stylize:
    """The function that is timed: photos (1, 3, H, W) to stylized ones."""
    if who == "faststyle":
        stylizer = load_style(style, "cpu")
        return lambda photos: stylizer(photos, grain=0).numpy()
    from faststyle.export.check import open_session

    session = open_session(onnx_file, torch.get_num_threads())
    return lambda photos: session.run(None, {"photo": photos.numpy()})[0]


def serve(who: str, style: str, onnx_file: Path, threads: int, pipe: Connection) -> None:
    """Answer each size (H, W) with (seconds, CPU seconds) and pictures, until None arrives."""
    if who == "faststyle":
        tune_process()
    torch.set_num_threads(threads)
    from faststyle.export.check import sample_photos

    stylize = contender(who, style, onnx_file)
    while (size := pipe.recv()) is not None:
        photos = sample_photos((1, *size))
        start, cpu_start = time.perf_counter(), time.process_time()
        stylized = stylize(photos)
        seconds = time.perf_counter() - start, time.process_time() - cpu_start
        pipe.send((seconds, stylized))


def race(
    style: str, onnx_file: Path, size: tuple[int, int], repeats: int
) -> tuple[dict[str, list[float]], float]:
    """Median seconds and CPU seconds after a round to warm up, and the largest difference."""
    context = multiprocessing.get_context("spawn")
    pipes: dict[str, Connection] = {}
    processes = []
    for who in CONTENDERS:
        pipes[who], theirs = context.Pipe()
        arguments = (who, style, onnx_file, torch.get_num_threads(), theirs)
        # What `infer` sets before torch is imported; a child imports torch before it can.
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
        processes.append(context.Process(target=serve, args=arguments))
        processes[-1].start()
    times: dict[str, list[tuple[float, float]]] = {who: [] for who in CONTENDERS}
    pictures = {}
    for _ in range(repeats + 1):
        for who, pipe in pipes.items():
            pipe.send(size)
            seconds, pictures[who] = pipe.recv()
            times[who].append(seconds)
    for pipe in pipes.values():
        pipe.send(None)
    for process in processes:
        process.join()
    difference = float(np.abs(pictures["onnxruntime"] - pictures["faststyle"]).max())
    medians = {
        who: [statistics.median(kind) for kind in zip(*taken[1:], strict=True)]
        for who, taken in times.items()
    }
    return medians, difference


def main() -> None:
    parser = argparse.ArgumentParser(description="Time ONNX Runtime beside faststyle.")
    parser.add_argument("--ckpt", default="starry_night")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    from faststyle.export.onnx_file import write_onnx  # not for --help: an extra

    print(f"{describe_machine(torch.device('cpu'))}\n")
    print("| | ONNX Runtime, s | faststyle, s | ratio | CPU s | CPU s | ratio | levels apart |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    with TemporaryDirectory() as folder:
        onnx_file = Path(folder, "style.onnx")
        write_onnx(onnx_file, read_checkpoint(find_style(options.ckpt)), strength=1.0)
        for name in options.sizes:
            seconds, difference = race(options.ckpt, onnx_file, SIZES[name], options.repeats)
            columns = [
                f"{theirs:.3f} | {ours:.3f} | {theirs / ours:.2f}"
                for theirs, ours in zip(*(seconds[who] for who in CONTENDERS), strict=True)
            ]
            print(f"| {name} | {' | '.join(columns)} | {255 * difference:.1e} |", flush=True)


if __name__ == "__main__":
    main()
