"""How strongly a picture is stylized: weights between those that give the photo and the style.

A network that was trained for a style and then a little further to give the photo back (its
"photo end") stays so near that every network on the line between is a working one (Wang et al.
2019, "Deep Network Interpolation"): strokes fade in and contours stay in one place, where mixing
the pixels of photo and stylized picture shows both sets of contours. A network of this shape
cannot hold a photo's finest detail, so towards strength 0 the photo's own pixels come in as well.

Beyond 1 that line leaves what the networks have learned. There the style is applied to its own
result, which makes strokes and motifs bolder and leaves the contours where they are: at strength 2
all of that second result counts.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from faststyle.errors import UserError, shown

STRONGEST = 2.0  # the style applied twice; a third time changes little


def check_strength(strength: float) -> float:
    """`strength` itself.

    Raises:
        UserError: it is not between 0 and STRONGEST.
    """
    if not 0 <= strength <= STRONGEST:
        raise UserError(
            f"strength: {shown(strength)} is not between 0 (the photo), 1 (as trained) "
            f"and {STRONGEST:g} (twice)"
        )
    return strength


def between(
    photo_end: Mapping[str, Tensor], style: Mapping[str, Tensor], strength: float
) -> dict[str, Tensor]:
    """Weights at `strength`, between 0 and 1, by name; float32. Counts are the style's."""
    return {
        k: torch.lerp(photo_end[k].float(), v.float(), strength) if v.is_floating_point() else v
        for k, v in style.items()
    }


def photo_share(strength: float, has_photo_end: bool) -> float:
    """How much of the photo's own pixels to mix in: 1 at strength 0, 0 from strength 1 on."""
    return max(0.0, 1 - strength) ** (2 if has_photo_end else 1)
