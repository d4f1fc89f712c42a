"""Measure time and peak memory of `infer` from 1 to 100 megapixels; compare strips with one pass.

    python -m scripts.benchmarks.large_pictures checkpoints/starry_night.safetensors

The pictures are the bundled landscape, enlarged, with grain. Each size runs in its own process
with --max-memory 3GB. At the smaller sizes strips of several heights are then compared, pixel by
pixel, with one pass over the whole picture.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from faststyle import keep_freed_memory, load_style
from faststyle.files.paths import SAMPLE_PHOTO
from faststyle.rendering.canvas import ImageCanvas
from faststyle.rendering.forward import MemoryPlan, stylize_in_strips, stylize_whole
from scripts.benchmarks.machine import describe_machine

MEGAPIXELS = (1, 4, 16, 64, 100)
COMPARED = {1: (16, 100, 256), 4: (40, 256), 16: (256,)}  # megapixels: rows of a strip
ASPECT = 4 / 3


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure `infer` on large pictures.")
    parser.add_argument("ckpt", type=Path, help="a style checkpoint")
    parser.add_argument("--max-memory", default="3GB")
    parser.add_argument("--megapixels", type=float, nargs="+", default=MEGAPIXELS)
    options = parser.parse_args()
    print(describe_machine(torch.device("cpu")))
    with tempfile.TemporaryDirectory() as folder:
        measure(options, Path(folder))
    compare(options.ckpt)


def measure(options: argparse.Namespace, folder: Path) -> None:
    """Print time and peak memory of `infer` for each size."""
    print("\n| megapixels | size | time, s | s per megapixel | peak GB |\n|---|---|---|---|---|")
    for megapixels in options.megapixels:
        photo, target = folder / "photo.jpg", folder / "stylized.jpg"
        make_picture(megapixels).save(photo, quality=95)
        command = [sys.executable, "-m", "infer", "--overwrite", "--ckpt", options.ckpt, photo]
        started = time.perf_counter()
        with subprocess.Popen(
            [*command, "--output", target, "--max-memory", options.max_memory, "--device", "cpu"],
            stdout=subprocess.DEVNULL,
        ) as process:
            status, used = wait(process)
        seconds = time.perf_counter() - started
        assert status == 0, f"infer failed at {megapixels} megapixels"
        with Image.open(photo) as image:
            size, pixels = f"{image.width} x {image.height}", image.width * image.height / 1e6
        peak = used.ru_maxrss * 1024 / 1e9
        print(f"| {megapixels:g} | {size} | {seconds:.1f} | {seconds / pixels:.2f} | {peak:.2f} |")
        sys.stdout.flush()


def wait(process: subprocess.Popen) -> tuple[int, resource.struct_rusage]:
    """Wait for the process; return its exit code and resource usage.

    `resource.getrusage` would give the maximum over all children.
    """
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used


@torch.inference_mode()
def compare(ckpt: Path) -> None:
    """Print the largest difference between strips and one pass, for each size and height."""
    keep_freed_memory()
    net = load_style(ckpt, "cpu").net
    print("\n| megapixels | size | rows of a strip | largest difference, levels of 255 |")
    print("|---|---|---|---|")
    for megapixels, all_rows in COMPARED.items():
        photo = ImageCanvas(make_picture(megapixels, odd=True))
        whole = photo.blank()
        stylize_whole(net, photo, whole, torch.device("cpu"))
        for rows in all_rows:
            strips = photo.blank()
            plan = MemoryPlan(rows, stores_in_file=True)
            stylize_in_strips(net, photo, strips, torch.device("cpu"), plan)
            difference = np.asarray(whole.image, np.int16) - np.asarray(strips.image, np.int16)
            share = (difference != 0).mean()
            print(
                f"| {megapixels} | {photo.width} x {photo.height} | {rows} | "
                f"{np.abs(difference).max()} (at {share:.3%} of values) |",
                flush=True,
            )


def make_picture(megapixels: float, odd: bool = False) -> Image.Image:
    """Enlarge the landscape to that size, with grain so that no part is smooth."""
    height = round((megapixels * 1e6 / ASPECT) ** 0.5)
    size = round(height * ASPECT) // 2 * 2 + odd, height // 2 * 2 + odd
    with Image.open(SAMPLE_PHOTO) as small:
        large = small.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    grain = np.random.default_rng(0).integers(0, 24, (512, 512), np.uint8)
    tile = Image.fromarray(grain)
    mask = Image.new("L", size)
    for top in range(0, size[1], 512):
        for left in range(0, size[0], 512):
            mask.paste(tile, (left, top))
    large.paste(Image.new("RGB", size, (255, 240, 200)), mask=mask)
    return large


if __name__ == "__main__":
    main()
