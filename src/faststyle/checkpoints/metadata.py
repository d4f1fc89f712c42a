"""The metadata of style checkpoints: its keys, their types, and checks of what a file holds.

A file may come from anywhere, and its metadata is printed and used to build a network. So values
have types, strings have a maximal length, and control characters are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeGuard, cast, get_type_hints

from faststyle.errors import UserError
from faststyle.files.paths import STYLE_NAME
from faststyle.networks.arguments import NetworkArguments

MAX_TEXT = 2000  # characters of one string
MAX_VALUES = 2000  # keys and values in all
MAX_DEPTH = 6

Kind = tuple[str, Callable[[Any], bool]]  # its name in messages, and the check of a value


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a parsed JSON value is an object."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether a parsed JSON value is a list."""
    return isinstance(value, list)


TEXT: Kind = ("a string", lambda value: isinstance(value, str))
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
    "a list of strings",
    lambda value: is_list(value) and all(isinstance(item, str) for item in value),
)
FACT: Kind = ("a number or a string", lambda value: NUMBER[1](value) or TEXT[1](value))

# Other keys come from a later version: they pass if they are bounded and printable.
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
        "grain": NUMBER,
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
OPEN_SECTIONS = {"metrics": FACT, "versions": TEXT}  # any key, one type of value


def check_metadata(metadata: Any) -> dict[str, Any]:
    """Return `metadata` if known keys have their type and all others are bounded and printable.

    Raises:
        UserError: it does not; the message names the key, its value and the type.
    """
    if not is_object(metadata):
        raise UserError("its metadata is not a JSON object")
    _check_bounds(metadata)
    if "network" not in metadata:
        raise UserError("its metadata has no network")
    for section, kinds in SECTIONS.items():
        values = metadata.get(section, {})
        if not is_object(values):
            raise UserError(f"its metadata's {section} is not a JSON object")
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
                raise UserError(f"its metadata holds a string of {len(value)} characters")
            if not value.isprintable():
                raise UserError(f"its metadata holds control characters: {_short(value)}")
        elif _is_int(value) and abs(value) >= 2**63:
            raise UserError("its metadata holds a number of more than 63 bits")
        elif not isinstance(value, int | float | dict | list | None):
            raise UserError(f"its metadata holds a {type(value).__name__}")


def _walk(metadata: Any) -> Iterator[tuple[int, Any]]:
    """Every key and value with its depth; lazily, so that the caller can stop at a limit."""
    waiting: list[Iterator[tuple[int, Any]]] = [iter([(0, metadata)])]
    while waiting:
        for depth, value in waiting[-1]:
            yield depth, value
            if is_object(value):
                inner: list[Any] = [item for pair in value.items() for item in pair]
            elif is_list(value):
                inner = value
            else:
                continue
            waiting.append(iter([(depth + 1, item) for item in inner]))
            break
        else:
            waiting.pop()


def printable(value: Any) -> Any:
    """A copy of `value` that `check_metadata` accepts, so that what is written can be read again.

    Control characters in strings become spaces, and strings are cut at MAX_TEXT.
    """
    if is_object(value):
        return {printable(str(key)): printable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [printable(item) for item in cast(Iterable[Any], value)]
    if isinstance(value, str):
        return "".join(c if c.isprintable() else " " for c in value[:MAX_TEXT])
    return value


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _short(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
