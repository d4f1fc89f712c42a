"""Paints the bytes of a picture file, and gives the bytes of another."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from io import BytesIO

from faststyle.errors import UserError, one_line
from faststyle.images.opening import TooManyPixels
from faststyle.images.read import Photo, load_photo
from faststyle.images.write import photo_bytes
from faststyle.rendering.limits import is_out_of_memory
from faststyle.rendering.stylizer import Stylizer
from faststyle.serve.order import Order
from faststyle.serve.refusals import Refusal


class _Body(BytesIO):
    name = "the body"  # in messages about the picture


def paint(
    styles: Mapping[str, Stylizer], order: Order, body: bytes, suffix: str, max_pixels: int
) -> bytes:
    """The stylized picture as a file: of the photo's size, upright, with its dates and copyright.

    Args:
        body: a picture file of any kind that `load_photo` reads.
        suffix: of the kind that is wanted, ".png" or ".jpg".
        max_pixels: that the network may see, and the picture have.

    Raises:
        Refusal: 413 for too many pixels, before any is decoded, and for too little memory;
            422 for what is not a picture, is damaged, or does not fit the kind wanted.
    """
    try:
        photo = _read(body, order, max_pixels)
        stylized = styles[order.style](
            photo.image,
            order.strength,
            stroke_scale=order.stroke_scale,
            keep_color=order.keep_color,
        )
        return photo_bytes(stylized, suffix, alpha=photo.alpha, exif=photo.exif)
    except UserError as error:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, one_line(str(error))) from error
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise Refusal(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "not enough memory; send a smaller picture"
        ) from error


def _read(body: bytes, order: Order, max_pixels: int) -> Photo:
    seen = min(1.0, order.stroke_scale) ** -2  # pixels of the network for each of the picture
    try:
        return load_photo(_Body(body), pixel_limit=int(max_pixels / seen))
    except TooManyPixels as error:
        message = str(error)
        if seen > 1:
            message += f", or give a larger stroke_scale: this one paints {seen:.3g} times as many"
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message) from error
