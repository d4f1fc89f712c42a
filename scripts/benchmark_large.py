"""Peak memory and time of `infer` from 1 to 100 megapixels, and strips against the whole.

    python scripts/benchmark_large.py checkpoints/starry_night.safetensors

The pictures are the bundled landscape, enlarged with grain. Each size runs in a process of its own
with --max-memory 3GB; then, at the smaller sizes, strips of several heights are compared with one
pass over the whole, pixel by pixel.
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
from machine import describe_machine
from PIL import Image

from faststyle import keep_freed_memory, load_style
from faststyle.files.paths import SAMPLE_PHOTO
from faststyle.rendering import forward as painting
from faststyle.rendering.canvas import ImageCanvas
from faststyle.rendering.forward import MemoryPlan

MEGAPIXELS = (1, 4, 16, 64, 100)
COMPARED = {1: (16, 100, 256), 4: (40, 256), 16: (256,)}  # megapixels to rows of a strip
ASPECT = 4 / 3


def main() -> None:
    parser = argparse.ArgumentParser(description="Large pictures.")
    parser.add_argument("ckpt", type=Path)
    parser.add_argument("--max-memory", default="3GB")
    parser.add_argument("--megapixels", type=float, nargs="+", default=MEGAPIXELS)
    options = parser.parse_args()
    print(describe_machine(torch.device("cpu")))
    with tempfile.TemporaryDirectory() as folder:
        measure(options, Path(folder))
    compare(options.ckpt)


def measure(options: argparse.Namespace, folder: Path) -> None:
    print("\n| megapixels | size | time, s | a megapixel, s | peak GB |\n|---|---|---|---|---|")
    for megapixels in options.megapixels:
        photo, target = folder / "photo.jpg", folder / "painted.jpg"
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
    """Its exit status and what it used: its own peak, where getrusage knows only that of all."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used


@torch.inference_mode()
def compare(ckpt: Path) -> None:
    keep_freed_memory()
    net = load_style(ckpt, "cpu").net
    print("\n| megapixels | size | rows of a strip | largest difference, levels of 255 |")
    print("|---|---|---|---|")
    for megapixels, all_rows in COMPARED.items():
        photo = ImageCanvas(make_picture(megapixels, odd=True))
        whole = photo.blank()
        painting.stylize_whole(net, photo, whole, torch.device("cpu"))
        for rows in all_rows:
            strips = photo.blank()
            how = MemoryPlan(rows, stores_in_file=True)
            painting.stylize_in_strips(net, photo, strips, torch.device("cpu"), how)
            apart = np.asarray(whole.image, np.int16) - np.asarray(strips.image, np.int16)
            share = (apart != 0).mean()
            print(
                f"| {megapixels} | {photo.width} x {photo.height} | {rows} | "
                f"{np.abs(apart).max()} (at {share:.3%} of values) |",
                flush=True,
            )


def make_picture(megapixels: float, odd: bool = False) -> Image.Image:
    """The landscape at that many pixels, with grain so that it is not all smooth."""
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
