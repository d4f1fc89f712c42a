"""Mistakes of the user, reported in one line: what is wrong, what is allowed, what to do."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager


class UserError(ValueError):
    """A mistake of the user. Commands print it as one line and exit with `exit_code`."""

    exit_code = 2


class TrainingDiverged(UserError):
    """Training cannot continue: a loss or a weight is not a finite number."""

    exit_code = 1


def closest(given: str, allowed: Iterable[str]) -> str:
    """A hint such as `"; did you mean 'relu4_2'?"`, or "" if no name in `allowed` is similar."""
    near = difflib.get_close_matches(str(given), list(allowed), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def check_choice(key: str, given: str, allowed: Iterable[str]) -> str:
    """Return `given` if it is one of `allowed`.

    Raises:
        UserError: it is not; the message names `key`, the allowed values and the closest one.
    """
    names = list(allowed)
    if given not in names:
        raise UserError(f"{key}: {given!r} is not one of {', '.join(names)}{closest(given, names)}")
    return given


def at_least(prefix: str, config: object, minimum: float, names: Iterable[str]) -> None:
    """Check that these attributes of `config` are None or at least `minimum`.

    Raises:
        UserError: one is smaller; the message calls it `prefix.name`.
    """
    for name in names:
        value = getattr(config, name)
        if value is not None and not value >= minimum:
            raise UserError(f"{_key(prefix, name)}: must be at least {minimum}, got {value}")


def above_zero(prefix: str, config: object, names: Iterable[str]) -> None:
    """Check that these attributes of `config` are above 0.

    Raises:
        UserError: one is not; the message calls it `prefix.name`.
    """
    for name in names:
        value = getattr(config, name)
        if not value > 0:
            raise UserError(f"{_key(prefix, name)}: must be above 0, got {value}")


def one_line(text: str) -> str:
    """`text` in one line, without characters that a terminal or a text file cannot hold."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


@contextmanager
def exit_on_user_error(program: str) -> Generator[None, None, None]:
    """Turn a UserError into one line on stderr and its exit code; a bug keeps its traceback."""
    try:
        yield
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        sys.exit(130)  # the code that shells use for Ctrl-C
    except UserError as error:
        print(f"{program}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def _key(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name
