"""Compare the statistics of drawn pictures with those of photos.

    python -m scripts.benchmarks.synthetic_statistics --photos DIR --sheet sheet.png

Prints, over random crops as in training: the slope of the power spectrum over frequency (both
logarithmic; about -2 for photos), the kurtosis of brightness gradients (3 for a Gaussian, far more
for photos), the mean and standard deviation of the channels, and their correlations.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image

from faststyle.data.crops import ZOOM, random_crop
from faststyle.data.sources import PhotoSource, open_folder
from faststyle.data.synthetic import SyntheticPhotos
from faststyle.images.sheets import grid
from faststyle.images.write import save_image


def crops(photos: PhotoSource, count: int, size: int) -> list[Image.Image]:
    """Return a random square crop, `size` pixels a side, of each of the first `count` photos."""
    indices = range(min(count, len(photos)))
    return [
        random_crop(photos.load(i, min_side=int(size * ZOOM)), size, np.random.default_rng(i))
        for i in indices
    ]


def spectrum(levels: np.ndarray) -> np.ndarray:
    """Return the power of an (S, S) picture at frequencies 1 to S/2 - 1, mean over directions."""
    side = len(levels)
    window = np.hanning(side)[:, None] * np.hanning(side)
    power = np.abs(np.fft.fft2((levels - levels.mean()) * window)) ** 2
    frequency = np.hypot(*np.meshgrid(*[np.fft.fftfreq(side, 1 / side)] * 2)).round().astype(int)
    sums = np.bincount(frequency.ravel(), power.ravel())
    return (sums / np.bincount(frequency.ravel()))[1 : side // 2]


def statistics(pictures: list[Image.Image]) -> dict[str, float | list[float]]:
    """Return the statistics of the pictures, all of one size, by name."""
    levels = np.stack([np.asarray(picture, dtype=np.float64) / 255 for picture in pictures])
    gray = levels.mean(-1)
    power = np.mean([spectrum(picture) for picture in gray], axis=0)
    frequency = np.arange(1, len(power) + 1)

    def slope(low: int, high: int) -> float:
        octaves = slice(low - 1, high)
        return float(np.polyfit(np.log(frequency[octaves]), np.log(power[octaves]), 1)[0])

    across = np.diff(gray, axis=2).ravel()
    flat = levels.reshape(-1, 3)
    correlation = np.asarray(np.corrcoef(flat.T))
    side = gray.shape[1]
    return {
        "slope, coarse half of the octaves": slope(2, side // 16),
        "slope, fine half": slope(side // 16, 3 * side // 8),
        "gradient kurtosis": float((across**4).mean() / (across**2).mean() ** 2),
        "gradient, mean magnitude": float(np.abs(across).mean()),
        "share of gradients below 1/255": float((np.abs(across) < 1 / 255).mean()),
        "channel means": flat.mean(0).round(3).tolist(),
        "channel standard deviations": flat.std(0).round(3).tolist(),
        "deviation within a picture": float(gray.std(axis=(1, 2)).mean()),
        "correlation RG, GB, RB": [
            round(float(correlation[i, j]), 3) for i, j in ((0, 1), (1, 2), (0, 2))
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare drawn pictures with photos.")
    parser.add_argument("--photos", required=True, type=Path, metavar="DIR")
    parser.add_argument(
        "--sheet", type=Path, metavar="PICTURE", help="save a sheet of twelve drawn pictures"
    )
    parser.add_argument("--count", type=int, default=100, help="pictures of each (%(default)s)")
    parser.add_argument("--size", type=int, default=256, help="pixels (%(default)s)")
    options = parser.parse_args()
    real = crops(open_folder(options.photos), options.count, options.size)
    synthetic = SyntheticPhotos(options.count, 0, options.size)
    synthetic.load(0)  # warm-up
    started = time.process_time()
    for i in range(options.count):
        synthetic.load(i, min_side=int(options.size * ZOOM))
    seconds = (time.process_time() - started) / options.count
    drawn = crops(synthetic, options.count, options.size)
    print(f"drawing one picture for crops of {options.size} pixels: {1000 * seconds:.1f} ms")
    drawn_statistics = statistics(drawn)
    print(f"{'':36}{f'{len(real)} photos':>24}{f'{len(drawn)} drawn':>24}")
    for name, value in statistics(real).items():
        row = (
            f"{v:.3f}" if isinstance(v, float) else str(v) for v in (value, drawn_statistics[name])
        )
        print(f"{name:36}" + "".join(f"{text:>24}" for text in row))
    if options.sheet:
        twelve = [(picture, str(i)) for i, picture in enumerate(drawn[:12])]
        save_image(grid([twelve[i : i + 4] for i in (0, 4, 8)]), options.sheet)


if __name__ == "__main__":
    main()
