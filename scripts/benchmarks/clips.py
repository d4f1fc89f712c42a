"""Measures clips: frames a second beside a plain loop, and memory over many frames.

    python -m scripts.benchmarks.clips --frames 24
    python -m scripts.benchmarks.clips --memory 2000

The plain loop decodes a frame, stylizes it with the same weights (scripts/benchmarks/plain.py),
encodes it, and only then decodes the next. The clip is drawn; the weights are random, which takes
as long as trained ones.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import av
import psutil
import torch

from faststyle.checkpoints.style_checkpoint import write_checkpoint
from faststyle.files.paths import SAMPLE_PHOTO
from faststyle.images.read import load_image
from faststyle.images.tensors import to_image
from faststyle.infer.clips import stylize_clip
from faststyle.infer.options import parse_options
from faststyle.infer.repainter import Repainter
from faststyle.infer.results import Results
from faststyle.infer.tasks import Task
from faststyle.malloc import tune_process
from faststyle.networks.transform_net import TransformNet
from scripts.benchmarks.machine import describe_machine
from scripts.benchmarks.plain import PlainNet
from scripts.gallery.moving_landscape import pan, write
from scripts.networks import network_arguments

SIZE = (854, 480)
SMALL = (96, 64)


def plain_loop(net: PlainNet, source: Path, target: Path) -> int:
    """Stylize a clip frame by frame, in one thread; returns the number of frames."""
    count = 0
    with av.open(str(source)) as given, av.open(str(target), "w") as made, torch.inference_mode():
        stream = made.add_stream("libx264", rate=given.streams.video[0].average_rate)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for frame in given.decode(video=0):
            pixels = torch.from_numpy(frame.to_ndarray(format="rgb24"))
            stylized = net(pixels.permute(2, 0, 1)[None].float() / 255)
            # Its height and width are multiples of the network's period.
            picture = to_image(stylized).crop((0, 0, *SIZE))
            made.mux(stream.encode(av.VideoFrame.from_image(picture)))
            count += 1
        made.mux(stream.encode(None))
    return count


def make_repainter(checkpoint: Path, target: Path) -> Repainter:
    """What `python -m infer --ckpt checkpoint --output target` stylizes with."""
    options = parse_options(["--ckpt", str(checkpoint), "clip.mp4", "--output", str(target)])
    return Repainter(options)


def ours(repainter: Repainter, source: Path, target: Path, step=lambda: None) -> None:
    """Stylize a clip as `python -m infer` does; `step` is called at each frame."""
    task = Task(source, target, named=True, clip=True)
    results = Results([source], overwrite=True)
    finished = stylize_clip(task, repainter, results, lambda total: step)
    if finished.error is not None:
        raise finished.error


def compare(folder: Path, frames: int, width: int) -> dict[str, object]:
    """Frames a second of both, each three times in turns; medians."""
    torch.manual_seed(0)
    net = TransformNet(**network_arguments(width=width)).eval()
    write_checkpoint(folder / "style.safetensors", net, {"network": network_arguments(width=width)})
    source, target = folder / "clip.mp4", folder / "out.mp4"
    write(source, pan(load_image(SAMPLE_PHOTO), SIZE, frames), SIZE, 90)
    repainter, plain = make_repainter(folder / "style.safetensors", target), PlainNet(net).eval()
    rates: dict[str, list[float]] = {"plain": [], "ours": []}
    for _ in range(3):
        start = time.perf_counter()
        plain_loop(plain, source, target)
        rates["plain"].append(frames / (time.perf_counter() - start))
        start = time.perf_counter()
        ours(repainter, source, target)
        rates["ours"].append(frames / (time.perf_counter() - start))
    return {
        who: {"median": round(statistics.median(found), 3), "runs": [round(r, 3) for r in found]}
        for who, found in rates.items()
    }


def memory(folder: Path, frames: int) -> dict[str, object]:
    """Resident megabytes after each tenth of a clip of many frames."""
    net = TransformNet(**network_arguments(width=16)).eval()
    write_checkpoint(folder / "style.safetensors", net, {"network": network_arguments(width=16)})
    source, target = folder / "clip.mp4", folder / "out.mp4"
    write(source, pan(load_image(SAMPLE_PHOTO), SMALL, frames), SMALL, 80)
    process, seen = psutil.Process(), []

    def step() -> None:
        seen.append(process.memory_info().rss / 1e6)

    ours(make_repainter(folder / "style.safetensors", target), source, target, step)
    return {"megabytes": [round(seen[len(seen) * i // 10 - 1]) for i in range(1, 11)]}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure clips: speed, and memory over time.")
    parser.add_argument("--frames", type=int, default=24, help="of the clip whose speed is taken")
    parser.add_argument("--width", type=int, default=16, help="of the network (default: half)")
    parser.add_argument("--memory", type=int, metavar="N", help="take memory over N frames instead")
    options = parser.parse_args()
    tune_process()
    print(json.dumps(describe_machine(torch.device("cpu"))))
    with tempfile.TemporaryDirectory() as folder:
        found = (
            memory(Path(folder), options.memory)
            if options.memory
            else compare(Path(folder), options.frames, options.width)
        )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
