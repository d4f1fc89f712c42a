"""Overrides of a command line (`key=value`): names and paths are taken as written.

Hydra reads every value by a grammar of its own, in which spaces, brackets, commas, quotes and
accents mean something or nothing. For settings that hold a name or a path the value is quoted
here, before Hydra sees it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from typing import Any

from faststyle.errors import UserError
from faststyle.files.paths import CONF_DIR

GROUPS = tuple(sorted(path.name for path in CONF_DIR.iterdir() if path.is_dir()))
OPTIONAL_GROUPS = ("experiment",)  # may be null

_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_HUGE = re.compile("[0-9]{400}")  # neither a float, nor a whole number that Hydra could print
_NO_TEXT = ("", "null", "???")


def quote_overrides(
    arguments: Iterable[str], text_keys: Collection[str], list_keys: Collection[str] = ()
) -> list[str]:
    """Return `arguments` with the values of `text_keys` quoted for Hydra.

    A value stays as it is where it is quoted already or null. `${...}` in it is an interpolation,
    and with `-m` a comma separates the values of a sweep, unless there is a file of that very name.
    `~/` becomes the home folder. `list_keys` hold lists of such values, `[a.jpg,b.jpg]`.

    Raises:
        UserError: a group of settings (`style=...`) is given a list, or nothing; or a number has
            hundreds of digits.
    """
    arguments = list(arguments)
    sweeping = bool({"-m", "--multirun"} & set(arguments))
    return [_quoted(argument, text_keys, list_keys, sweeping) for argument in arguments]


def literal(tree: Any) -> Any:
    """Return settings in which no text is an interpolation: `${` in a name is only a name."""
    if isinstance(tree, dict):
        return {key: literal(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [literal(value) for value in tree]
    return _escape(tree) if isinstance(tree, str) else tree


def _quoted(
    argument: str, text_keys: Collection[str], list_keys: Collection[str], sweeping: bool
) -> str:
    key, equals, value = argument.partition("=")
    name = key.lstrip("+")
    if argument.startswith("-") or not equals:
        return argument
    if name in GROUPS:
        _check_group(name, value)
        return argument
    if name in list_keys and re.fullmatch(r"\[[^'\"]+\]", value):
        return f"{key}=[{','.join(_quote(item.strip()) for item in value[1:-1].split(','))}]"
    if name not in text_keys and _HUGE.search(value):
        raise UserError(f"{name}: a number of {len(value)} digits is too large")
    if name not in text_keys or value in _NO_TEXT or _QUOTED.fullmatch(value):
        return argument
    if sweeping and "," in value and not os.path.exists(value):
        return f"{key}={','.join(map(_quote, value.split(',')))}"
    return f"{key}={_quote(value)}"


def _check_group(group: str, value: str) -> None:
    if value.startswith("["):
        inside = value.strip("[]").replace(" ", "")
        raise UserError(
            f"{group}: {value} is a list, one choice is allowed; for several runs, one after the "
            f"other, give -m {group}={inside}"
        )
    if value in _NO_TEXT and group not in OPTIONAL_GROUPS:
        raise UserError(
            f"{group}: needs a choice, got {value or 'nothing'}; leave it out for the default"
        )


def _quote(value: str) -> str:
    if value.startswith("~/"):
        value = os.path.expanduser(value)
    text = _escape(value) if os.path.exists(value) else value
    # In Hydra's grammar a backslash means itself, unless a quote or the end follows.
    escaped = re.sub(r"(\\*)('|$)", _double_backslashes, text)
    return f"'{escaped}'"


def _double_backslashes(found: re.Match[str]) -> str:
    return found[1] * 2 + (r"\'" if found[2] else "")


def _escape(text: str) -> str:
    return text.replace("${", r"\${")
