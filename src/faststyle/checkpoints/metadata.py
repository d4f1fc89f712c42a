"""What a style checkpoint may say of itself: the one place that knows its keys and their types.

A file comes from anywhere, and what it says is printed and used to build a network: so every
value has its type and every text a length, and holds nothing that a terminal would obey.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints

from faststyle.errors import UserError
from faststyle.files.paths import STYLE_NAME
from faststyle.networks.arguments import NetworkArguments

MAX_TEXT = 2000  # characters of one text
MAX_VALUES = 2000  # keys and values in all
MAX_DEPTH = 6

Kind = tuple[str, Callable[[Any], bool]]
TEXT: Kind = ("a text", lambda value: isinstance(value, str))
NUMBER: Kind = ("a number", lambda value: _is_int(value) or isinstance(value, float))
WHOLE: Kind = ("a whole number of at least 0", lambda value: _is_int(value) and value >= 0)
NAME: Kind = (
    "up to 80 letters, digits, _ . -",
    lambda value: isinstance(value, str) and re.fullmatch(STYLE_NAME, value) is not None,
)
FILE: Kind = (
    "a file name without folders",
    lambda value: isinstance(value, str) and "/" not in value,
)
TEXTS: Kind = (
    "a list of texts",
    lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
)
FACT: Kind = ("a number or a text", lambda value: NUMBER[1](value) or TEXT[1](value))

# Keys that are not here come from a later version: bounded and printable, they are let through.
SECTIONS: dict[str, dict[str, Kind]] = {
    "style": {
        "name": NAME,
        **dict.fromkeys(("title", "artist", "rights", "image_sha256"), TEXT),
        **dict.fromkeys(("year", "size"), NUMBER),
        "image": FILE,
    },
    "network": {
        key: {int: WHOLE, str: TEXT}[kind] for key, kind in get_type_hints(NetworkArguments).items()
    },
    "loss": {
        "formula": TEXT,
        **dict.fromkeys(("content_weight", "style_weight", "tv_weight"), NUMBER),
        **dict.fromkeys(("content_layers", "style_layers"), TEXTS),
    },
    "loss_network": {**dict.fromkeys(("name", "pooling", "card"), TEXT), "weights": FILE},
    "data": {
        **dict.fromkeys(("source", "path", "split"), TEXT),
        **dict.fromkeys(("num_images", "image_size"), WHOLE),
    },
    "training": {
        **dict.fromkeys(("steps", "photo_steps", "batch_size", "seed", "warmup_steps"), WHOLE),
        **dict.fromkeys(("learning_rate", "gradient_clip"), NUMBER),
        **dict.fromkeys(("precision", "init_from_sha256"), TEXT),
        "init_from": FILE,
    },
    "origin": {**dict.fromkeys(("kind", "sha256"), TEXT), "file": FILE},
    "metrics": {},
    "versions": {},
}
OPEN_SECTIONS = {"metrics": FACT, "versions": TEXT}  # any key, one kind of value


def check_metadata(metadata: Any) -> dict[str, Any]:
    """`metadata` itself, once every key that is known has its type and the rest is harmless.

    Raises:
        UserError: which key holds what, and what it may hold.
    """
    if not isinstance(metadata, dict):
        raise UserError("its metadata is no JSON object")
    _check_bounds(metadata)
    if "network" not in metadata:
        raise UserError("its metadata has no network")
    for section, kinds in SECTIONS.items():
        values = metadata.get(section, {})
        if not isinstance(values, dict):
            raise UserError(f"its metadata's {section} is no JSON object")
        for key, value in values.items():
            kind = kinds.get(key) or OPEN_SECTIONS.get(section)
            may_lack = section != "network" and value is None
            if kind is not None and not may_lack and not kind[1](value):
                raise UserError(f"its metadata's {section}.{key} is {_short(value)}, not {kind[0]}")
    return metadata


def _check_bounds(metadata: dict[str, Any]) -> None:
    for count, (depth, value) in enumerate(_walk(metadata), start=1):
        if count > MAX_VALUES or depth > MAX_DEPTH:
            raise UserError(
                f"its metadata is too large: more than {MAX_VALUES} values or {MAX_DEPTH} levels"
            )
        if isinstance(value, str):
            if len(value) > MAX_TEXT:
                raise UserError(f"its metadata holds a text of {len(value)} characters")
            if not value.isprintable():
                raise UserError(f"its metadata holds control characters: {_short(value)}")
        elif _is_int(value) and abs(value) >= 2**63:
            raise UserError("its metadata holds a number of more than 63 bits")
        elif not isinstance(value, int | float | dict | list | None):
            raise UserError(f"its metadata holds a {type(value).__name__}")


def _walk(metadata: Any) -> Iterator[tuple[int, Any]]:
    """Every key and value with its depth; lazily, so that what is endless can be left."""
    waiting = [iter([(0, metadata)])]
    while waiting:
        for depth, value in waiting[-1]:
            yield depth, value
            if isinstance(value, dict):
                inner = [item for pair in value.items() for item in pair]
            elif isinstance(value, list):
                inner = value
            else:
                continue
            waiting.append(iter([(depth + 1, item) for item in inner]))
            break
        else:
            waiting.pop()


def printable(value: Any) -> Any:
    """`value` with its texts fit for a checkpoint: control characters to spaces, and not too long.

    So what a user wrote in a title can always be read again.
    """
    if isinstance(value, dict):
        return {printable(str(key)): printable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [printable(item) for item in value]
    if isinstance(value, str):
        return "".join(c if c.isprintable() else " " for c in value[:MAX_TEXT])
    return value


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _short(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
