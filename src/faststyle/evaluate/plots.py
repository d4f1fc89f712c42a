"""The plot of an evaluation: objective over iterations of L-BFGS."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from faststyle.evaluate.curves import STARTS
from faststyle.evaluate.measure import PhotoMeasurements
from faststyle.evaluate.yardstick import quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = {"noise": "tab:blue", "content": "tab:orange"}


def plot_curves(by_size: Mapping[int, Sequence[PhotoMeasurements]]) -> Image.Image:
    """A panel a size: median and quartiles of L-BFGS, and the level of one forward pass."""
    from matplotlib.figure import Figure  # without pyplot, which would look for a screen

    figure = Figure(figsize=(6.4 * len(by_size), 4.4), dpi=150, layout="constrained")
    for axes, (size, group) in zip(
        figure.subplots(1, len(by_size), squeeze=False)[0], by_size.items(), strict=True
    ):
        _panel(axes, size, group)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return Image.open(buffer).convert("RGB")


def _panel(axes: Axes, size: int, group: Sequence[PhotoMeasurements]) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    for start in STARTS:
        curves = (f.curves[start].losses["total_loss"] for f in group)
        # A curve that ended where nothing could be gained stays where it is.
        ended = [f.curves[start].losses["total_loss"][-1] for f in group]
        columns = [
            [end if value is None else value for value, end in zip(row, ended, strict=True)]
            for row in zip_longest(*curves)
        ]
        low, middle, high = np.percentile(columns, (25, 50, 75), axis=1)
        iterations = np.arange(len(columns))
        axes.fill_between(iterations, low, high, color=COLORS[start], alpha=0.2, linewidth=0)
        axes.plot(iterations, middle, color=COLORS[start], label=f"L-BFGS from {start}")
    low, level, high = np.percentile([f.network["total_loss"] for f in group], (25, 50, 75))
    worth = quantile([f.equivalent("noise") for f in group], 0.5)
    axes.axhspan(low, high, color="black", alpha=0.12, linewidth=0)
    axes.axhline(level, color="black", label=f"one forward pass: {worth} iterations from noise")
    untouched = np.median([f.untouched["total_loss"] for f in group])
    axes.axhline(untouched, color="gray", linestyle=":", label="untouched photo")
    axes.set(
        yscale="log",
        xlabel="iterations",
        ylabel="objective",
        title=f"{size} pixels, {len(group)} photos: median, quartiles",
        xlim=(0, None),
    )
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(alpha=0.2)
    axes.legend(frameon=False)
