"""Measure resident memory over a long training and over thousands of stylized pictures.

    python -m scripts.benchmarks.memory_over_time --output docs/images/memory.png

Trains on drawn pictures and stylizes 2,000 pictures of mixed sizes, each with the user's command in
its own process. Growth compares the median of the last tenth with that of the second tenth; the
first is the warm-up. Exit code 1: memory grew by 2 % or more.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import matplotlib
import numpy as np

from faststyle.data.synthetic import SyntheticPhotos
from faststyle.files.atomic import atomic_write
from faststyle.images.write import save_image

matplotlib.use("Agg")
from matplotlib import pyplot as plt

SAMPLE_SECONDS = 0.25
SHAPES = ((160, 120), (120, 160), (128, 128), (200, 96), (97, 131))


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure resident memory over time.")
    parser.add_argument("--ckpt", type=Path, default=Path("checkpoints/starry_night.safetensors"))
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--output", type=Path, default=Path("memory.png"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        draw_pictures(place / "in", options.pictures)
        infer = ["infer", "--ckpt", options.ckpt.resolve(), "in", "--output", "out"]
        training = [
            *("train", "style=starry_night", "experiment=quickstart", "data.image_size=64"),
            *(f"trainer.max_steps={options.steps}", "trainer.progress_bar=false"),
        ]
        curves = {
            f"infer, {options.pictures} pictures": sample(infer, place),
            f"train, {options.steps} steps": sample(training, place),
        }
        stylized = len(list((place / "out").iterdir()))
    print(f"{stylized} of {options.pictures} pictures stylized")
    grown = [report(name, curve) for name, curve in curves.items()]
    plot(curves, options.output)
    return 0 if stylized == options.pictures and max(grown) < 0.02 else 1


def draw_pictures(folder: Path, count: int) -> None:
    """Save `count` pictures of mixed sizes, so that no buffer fits twice in a row.

    They are resized from twenty drawings.
    """
    photos = SyntheticPhotos(20, seed=0, size=200)
    for number in range(count):
        shape = SHAPES[number % len(SHAPES)]
        save_image(photos.load(number % 20).resize(shape), folder / f"{number:05d}.jpg")


def sample(arguments: list, folder: Path) -> np.ndarray:
    """Run a command in `folder`; return (samples, 2): seconds since the start, resident bytes.

    Raises:
        SystemExit: the command failed.
    """
    found = []
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", *map(str, arguments)], cwd=folder, stdout=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            found.append((time.perf_counter() - started, resident(process.pid)))
            time.sleep(SAMPLE_SECONDS)
    if process.returncode:
        raise SystemExit(f"{arguments[0]} failed with exit code {process.returncode}")
    return np.array(found)


def resident(pid: int) -> int:
    """Return the resident bytes of a process; 0 where it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    lines = (line.split() for line in status.splitlines())
    return next((1024 * int(words[1]) for words in lines if words[0] == "VmRSS:"), 0)


def report(name: str, curve: np.ndarray) -> float:
    """Print and return the growth of a curve, a share."""
    tenth = len(curve) // 10
    first, last = (
        statistics.median(curve[part, 1])
        for part in (slice(tenth, 2 * tenth), slice(-tenth - 4, -4))
    )
    growth = last / first - 1
    print(f"{name}: {first / 1e6:.0f} MB, at the end {last / 1e6:.0f} MB: {growth:+.2%}")
    return growth


def plot(curves: dict[str, np.ndarray], path: Path) -> None:
    """Save the curves as a PNG file."""
    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    for name, curve in curves.items():
        axes.plot(curve[:, 0] / 60, curve[:, 1] / 1e9, label=name)
    axes.set(xlabel="minutes", ylabel="resident memory, GB", ylim=(0, None))
    axes.legend()
    with atomic_write(path) as partial, partial.open("wb") as file:
        figure.savefig(file, format="png", dpi=110)


if __name__ == "__main__":
    sys.exit(main())
