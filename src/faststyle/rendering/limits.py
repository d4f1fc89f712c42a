"""How large a picture may become, known before anything is allocated."""

from __future__ import annotations

import torch

from faststyle.errors import UserError
from faststyle.images.opening import PIXEL_LIMIT
from faststyle.rendering.forward import CANVAS_BYTES, PROCESS_BYTES

ALWAYS = 2**20  # pixels that are allowed whatever the limit: the process itself takes 50 times more


def allowed_pixels(max_memory: float) -> float:
    """Pixels that a process of at most `max_memory` bytes can hold, and that can be read again."""
    fitting = (max_memory - PROCESS_BYTES) / CANVAS_BYTES
    return min(PIXEL_LIMIT, max(ALWAYS, fitting))


def is_out_of_memory(error: Exception) -> bool:
    """Whether an exception of torch, numpy or Pillow means that there was not enough memory."""
    # On a CPU torch raises a plain RuntimeError.
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or "DefaultCPUAllocator" in str(error)


def check_enlarged(
    what: str,
    size: tuple[int, int],
    wanted: tuple[float, float],
    max_memory: float,
    advice: str,
) -> None:
    """Refuse to make a larger picture of one that is in memory, if it does not fit there.

    Args:
        what: begins the message.
        size: width and height of the picture, in pixels.
        wanted: width and height of the larger one; may be huge.
        advice: ends the message; `{}` is by how much both sides may grow.

    Raises:
        UserError: it does not fit.
    """
    pixels, allowed = size[0] * size[1], allowed_pixels(max_memory)
    if float(wanted[0]) * wanted[1] <= max(pixels, allowed):
        return
    largest = max(1.0, int(100 * (allowed / pixels) ** 0.5) / 100)
    raise UserError(
        f"{what} {wanted[0]:.5g} x {wanted[1]:.5g} pixels, more than the {allowed / 1e6:.3g} "
        f"million that fit into {max_memory / 1e9:.2g} GB; {advice.format(f'{largest:g}')}"
    )
