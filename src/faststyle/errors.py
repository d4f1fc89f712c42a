"""Mistakes of the user, reported in one line: what is wrong, what is allowed, what to do."""

from __future__ import annotations

import difflib
import io
import os
import select
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import TextIO

SHOWN_DIGITS = 30  # of a whole number in a message


class UserError(ValueError):
    """A mistake of the user. Commands print it as one line and exit with `exit_code`."""

    exit_code = 2


class TrainingDiverged(UserError):
    """Training cannot continue: a loss or a weight is not a finite number."""

    exit_code = 1


class NameTaken(UserError):
    """A file cannot be written: something of its name exists and is not to be replaced."""


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


def shown(value: float) -> str:
    """`value` in a message: python itself refuses to print more than 4300 digits."""
    if isinstance(value, int) and abs(value) >= 10**SHOWN_DIGITS:
        return f"a number of more than {SHOWN_DIGITS} digits"
    return str(value).removesuffix(".0")


def one_line(text: str) -> str:
    """`text` in one line, without characters that a terminal or a text file cannot hold."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def visible(text: str) -> str:
    """`text` with line breaks and control characters, which file names may hold, written out."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


@contextmanager
def exit_on_user_error(program: str) -> Generator[None, None, None]:
    """Turn a UserError into one line on stderr and its exit code; a bug keeps its traceback.

    Commands run in it as a whole. It also has them print names that the console cannot show, and
    end quietly where nobody reads what they print, such as in `infer ... | head -1`.
    """
    print_any_name()
    with _exit_on_closed_pipe():
        try:
            yield
        except KeyboardInterrupt:
            print(f"{program}: interrupted", file=sys.stderr)
            sys.exit(130)  # as the shell reports a program that Ctrl-C ended
        except UserError as error:
            print(f"{program}: {visible(str(error))}", file=sys.stderr)
            sys.exit(error.exit_code)


def print_any_name() -> None:
    """Have stdout and stderr write `\\u043b` for what their encoding lacks, and not fail."""
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):  # replaced by the program that calls us
            continue
        if (stream.errors, stream.encoding.lower()) != ("surrogateescape", "utf-8"):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _exit_on_closed_pipe() -> Generator[None, None, None]:
    try:
        try:
            yield
        except SystemExit:
            sys.stdout.flush()
            raise
        sys.stdout.flush()  # here, where a closed pipe can be handled
    except BrokenPipeError:
        closed = [stream for stream in (sys.stdout, sys.stderr) if _is_closed_pipe(stream)]
        if not closed:  # it was another pipe
            raise
        # Else python complains at its end about what it could not write.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in closed:
            os.dup2(nowhere, stream.fileno())
        sys.exit(141)  # as the shell reports a program that a closed pipe ended: 128 + SIGPIPE


def _is_closed_pipe(stream: TextIO) -> bool:
    try:
        poll = select.poll()
        poll.register(stream.fileno(), select.POLLOUT)
        return any(event & select.POLLERR for _, event in poll.poll(0))
    except (AttributeError, OSError, ValueError):  # no file, or a system without poll
        return False
