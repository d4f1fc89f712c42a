"""Draw the contact sheet of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from faststyle.evaluate.measure import PhotoMeasurements
from faststyle.images.sheets import grid

MAX_ROWS = 8


def contact_sheet(group: Sequence[PhotoMeasurements]) -> Image.Image:
    """Rows of the photo, one forward pass and the ends of L-BFGS, with their objectives."""
    rows = []
    for measured in group[:MAX_ROWS]:
        untouched = measured.untouched["total_loss"]
        cells = [
            (measured.photo, _caption(measured.name, "untouched", untouched)),
            (
                measured.stylized,
                _caption(
                    "one forward pass",
                    f"{measured.pass_seconds:.2g} s",
                    measured.network["total_loss"],
                ),
            ),
        ]
        for start, curve in measured.curves.items():
            spent = f"{len(curve.seconds) - 1} iterations, {curve.seconds[-1]:.0f} s"
            total = curve.losses["total_loss"][-1]
            cells.append((curve.picture, _caption(f"L-BFGS from {start}", spent, total)))
        rows.append(cells)
    return grid(rows)


def _caption(what: str, how: str, total: float) -> str:
    return f"{what}\n{how}\nobjective {total:.3g}"
