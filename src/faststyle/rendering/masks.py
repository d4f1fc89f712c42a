"""Parts of a picture: masks, and several styles in one photo."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, ImageChops, ImageFilter
from torch import Tensor

from faststyle.rendering.canvas import Canvas, ImageCanvas, row_blocks


def fit_mask(mask: Image.Image, size: tuple[int, int], invert: bool, feather: float) -> Image.Image:
    """The mask (mode "L"), 255 where the style goes, as large as the photo, with soft edges.

    Args:
        mask: of any mode and size.
        size: width and height of the photo.
        invert: the style goes where the mask is black.
        feather: standard deviation of the softening, as a share of the photo's long
            edge, in [0, 1].
    """
    fitted = mask.convert("L").resize(size, Image.Resampling.BICUBIC)
    if invert:
        fitted = ImageChops.invert(fitted)
    return fitted.filter(ImageFilter.GaussianBlur(feather * max(size))) if feather else fitted


def composite(photo: Image.Image, layers: Sequence[tuple[Image.Image, Image.Image]]) -> Image.Image:
    """The photo with each layer's stylized picture where its mask is white.

    Where masks overlap their pictures mix in proportion; where they do not add up to white the
    rest is the photo.

    Args:
        layers: stylized picture (RGB) and mask (L), all of the photo's size.
    """
    pictures: list[Canvas] = [ImageCanvas(picture) for picture, _ in layers]
    result = mix_layers(ImageCanvas(photo), pictures, [mask for _, mask in layers])
    assert isinstance(result, ImageCanvas)
    return result.image


def mix_layers(below: Canvas, pictures: Sequence[Canvas], masks: Sequence[Image.Image]) -> Canvas:
    """What `composite` does, for pictures of any kind.

    Args:
        below: the photo.
        pictures: the stylized pictures.
        masks: one for each, mode "L".
    """
    result = below.blank()
    for start, stop in row_blocks(below):
        rows = below.rows(start, stop)
        weights = torch.stack([_mask_rows(mask, start, stop) for mask in masks]).to(rows.device)
        total = weights.sum(0)
        weights = weights / total.clamp(min=1)
        mixed = rows * (1 - total).clamp(min=0)
        for weight, picture in zip(weights, pictures, strict=True):
            mixed += weight * picture.rows(start, stop)
        result.write(start, mixed)
    return result


def _mask_rows(mask: Image.Image, start: int, stop: int) -> Float[Tensor, "rows w"]:
    """(rows, W) in [0, 1]."""
    levels = np.array(mask.crop((0, start, mask.width, stop)))
    return torch.as_tensor(levels).float() / 255
