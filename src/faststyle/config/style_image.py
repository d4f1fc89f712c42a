"""The style image: the one given, or the swatch that ships with faststyle.

A swatch is a texture with the painting's Gram matrices (Gatys et al. 2015), 512 pixels at its long
edge like the painting it was made from; scripts/gallery/swatches.py made it.
"""

from __future__ import annotations

from pathlib import Path

from faststyle.config.train import StyleConfig
from faststyle.errors import UserError
from faststyle.files.paths import swatch_of


def style_image_path(style: StyleConfig) -> Path:
    """Return the file `style.image`, which is not opened here, or the swatch of `style.name`.

    Raises:
        UserError: no style image is given and the style has no swatch.
    """
    if style.image is not None:
        return Path(style.image)
    swatch = swatch_of(style.name)
    if swatch is None:
        raise UserError(
            f"style.image: no picture of {style.name} comes with faststyle; "
            "give one: style.image=painting.jpg"
        )
    return swatch


def describe_style_image(style: StyleConfig) -> str:
    """Return the line that a run prints about its style image."""
    if style.image is not None:
        return f"Style image: {style.image}"
    return (
        f"Style image: the bundled swatch of {style.title}, a texture made from the painting; "
        "style.image=FILE takes the painting itself"
    )
