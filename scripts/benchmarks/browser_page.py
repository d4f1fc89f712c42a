"""Time the web page in Chromium, by JavaScript and by WebGPU, beside faststyle; medians.

    python -m scripts.benchmarks.browser_page --ckpt starry_night

All three paint the drawn landscape, each from pixels to pixels, with border and grain.
WebGPU runs in software here (SwiftShader, on the processor) unless `--gpu` asks for the browser's
own choice.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from faststyle import load_style
from faststyle.checkpoints.catalog import find_style
from faststyle.files.paths import SAMPLE_PHOTO
from faststyle.images.read import load_image
from faststyle.page.build import build_page
from faststyle.rendering.stylizer import Stylizer
from scripts.benchmarks.machine import describe_machine, multiply_adds
from scripts.browser import SOFTWARE_WEBGPU, PageInBrowser, chromium

SIZES = (128, 256)
FLAGS = {"cpu": (), "gpu": SOFTWARE_WEBGPU}


def in_browser(
    page: Path, photo: Path, engine: str, size: int, repeats: int, flags: tuple
) -> tuple[list[float], np.ndarray]:
    """Seconds of each repeat after one to warm up, and the picture (H, W, 3)."""
    with chromium(*flags) as browser:
        browser.open(page, f"engine={engine}&size={size}")
        if browser.state("engine") != engine:
            raise SystemExit(f"{engine}: {browser.find('engine').text}")
        browser.open_photo(photo)
        seconds = [_again(browser, size) for _ in range(repeats)]
        return seconds, browser.picture()[..., :3]


def _again(browser: PageInBrowser, size: int) -> float:
    browser.choose("size", size)
    return float(browser.state("seconds"))


def ours(style: Stylizer, photo: Image.Image, repeats: int) -> tuple[list[float], np.ndarray]:
    """The same of `Stylizer`."""
    stylized, seconds = style(photo), []
    for _ in range(repeats):
        start = time.perf_counter()
        stylized = style(photo)
        seconds.append(time.perf_counter() - start)
    return seconds, np.asarray(stylized)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the web page beside faststyle.")
    parser.add_argument("--ckpt", default="starry_night")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--gpu", action="store_true", help="WebGPU as the browser offers it")
    options = parser.parse_args()
    path = find_style(options.ckpt)
    style = load_style(path, "cpu")
    flags = {**FLAGS, "gpu": ()} if options.gpu else FLAGS
    print(f"{describe_machine(torch.device('cpu'))}\n")
    print("| pixels | multiply-adds | faststyle, s | JavaScript, s | WebGPU, s | levels apart |")
    print("|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        page, file = Path(folder, "page.html"), Path(folder, "photo.png")
        page.write_text(build_page([path]), encoding="utf-8")
        for size in SIZES:
            full = load_image(SAMPLE_PHOTO)
            photo = full.resize((size, round(full.height * size / full.width)))
            photo.save(file)
            work = multiply_adds(lambda photo=photo: style(photo))
            seconds, picture = ours(style, photo, options.repeats)
            columns, apart = [f"{statistics.median(seconds):.3f}"], 0
            for engine in FLAGS:
                seconds, theirs = in_browser(
                    page, file, engine, size, options.repeats, flags[engine]
                )
                columns.append(f"{statistics.median(seconds):.2f}")
                apart = max(apart, int(np.abs(theirs - picture).max()))
            sides = f"{photo.width} x {photo.height}"
            print(f"| {sides} | {work / 1e9:.2f} G | {' | '.join(columns)} | {apart} |", flush=True)


if __name__ == "__main__":
    main()
