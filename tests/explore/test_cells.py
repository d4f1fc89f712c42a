"""Which cells there are, and how many fit into the time."""

from __future__ import annotations

import pytest

from faststyle.explore.cells import FEWEST_STEPS, MIN_STEPS, choose_cells, rows, style_sizes

SIZES = (256, 512, 1024)


@pytest.mark.parametrize(
    ("painting", "sizes"),
    [
        ((4000, 3000), (256, 512, 1024)),
        ((400, 600), (150, 300, 600)),
        ((100, 70), (64, 128, 256)),
    ],
)
def test_a_small_painting_is_hardly_enlarged(
    painting: tuple[int, int], sizes: tuple[int, int, int]
) -> None:
    assert style_sizes(painting) == sizes


@pytest.mark.parametrize(
    ("seconds", "count", "steps"),
    [
        (18 * (2 + 0.5 * 60), 18, 60),
        (18 * (2 + 0.5 * MIN_STEPS), 18, MIN_STEPS),
        (12 * (2 + 0.5 * MIN_STEPS), 12, MIN_STEPS),
        (8 * (2 + 0.5 * MIN_STEPS), 8, MIN_STEPS),
        (4 * (2 + 0.5 * 30), 4, 30),
        (-1, 4, FEWEST_STEPS),
    ],
)
def test_the_largest_grid_is_taken_whose_cells_learn_enough(
    seconds: float, count: int, steps: int
) -> None:
    cells, found = choose_cells(SIZES, seconds, 0.5, 2.0)
    assert (len(cells), found) == (count, steps)
    assert [cell.number for cell in cells] == list(range(1, count + 1))
    assert len({cell.words() for cell in cells}) == count


def test_cells_stand_in_rows_by_style_weight_with_the_colors_side_by_side() -> None:
    cells, _ = choose_cells(SIZES, 1e6, 0.5, 2.0)
    page = rows(cells)
    assert [{cell.style_weight for cell in row} for row in page] == [{1.5}, {4.0}, {10.0}]
    for row in page:
        assert [cell.size for cell in row] == [*SIZES, *SIZES]
        assert [cell.colors for cell in row] == ["as painted"] * 3 + ["vivid"] * 3
    assert page[2][5].words() == "bold, large strokes, colors vivid"
