"""The cells of an exploration: style weight, size of the style image, colors; how many fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PAINTED, VIVID = "as painted", "vivid"
WEIGHTS = {1.5: "gentle", 4.0: "balanced", 10.0: "bold"}  # loss.style_weight
STROKES = ("fine", "medium", "large")  # a quarter, half and all of the largest style.size
LARGEST, SMALLEST = 1024, 256  # pixels; of the largest style.size
MIN_STEPS = 40  # below, a cell looks like the style that it started from
FEWEST_STEPS = 10  # of the smallest grid, where the time is too short for it

# The choices of each grid: weights, strokes, colors. The first that fits into the time is taken.
GRIDS = (
    ((1.5, 4.0, 10.0), (0, 1, 2), (PAINTED, VIVID)),
    ((1.5, 10.0), (0, 1, 2), (PAINTED, VIVID)),
    ((1.5, 10.0), (0, 2), (PAINTED, VIVID)),
    ((1.5, 10.0), (0, 2), (PAINTED,)),
)


@dataclass(frozen=True)
class Cell:
    """One way to learn the style.

    Args:
        number: from 1, in reading order.
        style_weight: `loss.style_weight`.
        size: `style.size`, pixels.
        strokes: one of STROKES, what `size` gives.
        colors: PAINTED, or VIVID for a style image of stretched colors.
    """

    number: int
    style_weight: float
    size: int
    strokes: str
    colors: str

    @property
    def name(self) -> str:
        """The name of its files."""
        return f"cell_{self.number}"

    def words(self) -> str:
        """What it is, for people."""
        weight = WEIGHTS.get(self.style_weight, f"style weight {self.style_weight:g}")
        return f"{weight}, {self.strokes} strokes, colors {self.colors}"


def style_sizes(painting: tuple[int, int]) -> tuple[int, int, int]:
    """Return `style.size` for each of STROKES; a small painting is not enlarged beyond SMALLEST.

    Args:
        painting: width and height of the style image in pixels.
    """
    largest = min(LARGEST, max(SMALLEST, max(painting)))
    return largest // 4, largest // 2, largest


def choose_cells(
    sizes: Sequence[int], seconds: float, seconds_per_step: float, seconds_per_cell: float
) -> tuple[list[Cell], int]:
    """Return the cells of the largest grid that fits, and the steps of each.

    Args:
        sizes: as `style_sizes` gives them.
        seconds: left for all cells.
        seconds_per_cell: what a cell takes beside its steps.
    """
    for weights, strokes, colors in GRIDS:
        cells = [
            Cell(0, weight, sizes[stroke], STROKES[stroke], color)
            for weight in weights
            for color in colors
            for stroke in strokes
        ]
        steps = int((seconds / len(cells) - seconds_per_cell) / seconds_per_step)
        if steps >= MIN_STEPS:
            break
    numbered = [
        Cell(number, cell.style_weight, cell.size, cell.strokes, cell.colors)
        for number, cell in enumerate(cells, start=1)
    ]
    return numbered, max(FEWEST_STEPS, steps)


def rows(cells: Sequence[Cell]) -> list[list[Cell]]:
    """The cells of each style weight, in order."""
    weights = dict.fromkeys(cell.style_weight for cell in cells)
    return [[cell for cell in cells if cell.style_weight == weight] for weight in weights]
