"""What a request wants painted, and as which kind of file."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl

from faststyle.errors import UserError, check_choice, closest
from faststyle.files.options import SHOWN, number, shown
from faststyle.rendering.effects import KEEP_COLOR
from faststyle.rendering.strength import check_strength
from faststyle.rendering.stylizer import check_stroke_scale
from faststyle.serve.refusals import Refusal

MAX_QUERY = 2000  # characters
KEYS = ("style", "strength", "keep_color", "stroke_scale")


@dataclass(frozen=True)
class Order:
    """A style by name, and the arguments of `Stylizer`, each in its range."""

    style: str
    strength: float = 1.0
    keep_color: str | None = None
    stroke_scale: float = 1.0


def parse_order(query: str, styles: Collection[str]) -> Order:
    """The order that a query string asks for.

    Raises:
        Refusal: 404 for an unknown style; 400 for anything else that is missing, unknown, said
            twice, no number, or out of its range.
    """
    given = _parse(query)
    if "style" not in given:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"style: missing; one of {', '.join(styles)}")
    name = given["style"]
    if name not in styles:
        hint = closest(name[:SHOWN], styles)
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            f"style: {shown(name)} is not one of {', '.join(styles)}{hint}",
        )
    try:
        return Order(
            name,
            check_strength(_number("strength", given.get("strength", "1"))),
            _color(given.get("keep_color")),
            check_stroke_scale(_number("stroke_scale", given.get("stroke_scale", "1"))),
        )
    except UserError as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, str(error)) from error


def _parse(query: str) -> dict[str, str]:
    if len(query) > MAX_QUERY:
        raise Refusal(
            HTTPStatus.BAD_REQUEST, f"the query has {len(query)} characters, {MAX_QUERY} allowed"
        )
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=len(KEYS))
    except ValueError as error:
        raise Refusal(
            HTTPStatus.BAD_REQUEST, f"the query is not UTF-8, or not of {', '.join(KEYS)} alone"
        ) from error
    given: dict[str, str] = {}
    for key, value in pairs:
        if key not in KEYS:
            raise Refusal(
                HTTPStatus.BAD_REQUEST,
                f"{shown(key)} is not one of {', '.join(KEYS)}{closest(key[:SHOWN], KEYS)}",
            )
        if key in given:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"{key}: given twice")
        given[key] = value
    return given


def _number(key: str, text: str) -> float:
    try:
        return number(text)
    except argparse.ArgumentTypeError as error:
        raise UserError(f"{key}: {error}") from error


def _color(text: str | None) -> str | None:
    # check_choice shows what it is given, which may be long.
    return None if text is None else check_choice("keep_color", text[:SHOWN], KEEP_COLOR)


def kind_wanted(accept: Iterable[str]) -> tuple[str, str]:
    """Media type and suffix of the answer: PNG, or JPEG where it stands first in Accept headers."""
    for part in ",".join(accept).split(","):
        kind = part.partition(";")[0].strip().lower()
        if kind in ("image/jpeg", "image/jpg"):
            return "image/jpeg", ".jpg"
        if kind in ("image/png", "image/*", "*/*"):
            break
    return "image/png", ".png"
