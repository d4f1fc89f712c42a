"""Options of command lines: a parser whose errors are one line, and values from text.

A value that is wrong raises an ArgumentTypeError, which the parser turns into that line.
"""

from __future__ import annotations

import argparse
import re
from fractions import Fraction
from pathlib import Path
from typing import NoReturn

from faststyle.errors import UserError

SHOWN = 60  # characters of a wrong value in a message
MAX_FPS = 1000
MOST = 10**9  # of whole numbers: no machine gets there
UNITS = {"": 1, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}


class OptionParser(argparse.ArgumentParser):
    """An ArgumentParser that raises a UserError where argparse prints its usage and exits."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} ({self.prog} --help shows all options)")


def name(text: str) -> str:
    """A name of a file or a style, which is not empty."""
    # Most often an unset variable of the shell. Path would take it for the current folder.
    if not text:
        raise argparse.ArgumentTypeError("the name is empty; give . for the current folder")
    return text


def path(text: str) -> Path:
    """A file or folder."""
    return Path(name(text))


def numbers(text: str) -> list[float]:
    """Numbers with commas between them."""
    return [number(part) for part in text.split(",")]


def number(text: str) -> float:
    """Any number; also infinite, or not a number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{shown(text)} is not a number") from None


def percent(text: str) -> float:
    """A number from 0 to 100."""
    if not 0 <= (value := number(text)) <= 100:
        raise argparse.ArgumentTypeError(f"{shown(text)} is not between 0 and 100 percent")
    return value


def share(text: str) -> float:
    """A number from 0 to 1."""
    if not 0 <= (value := number(text)) <= 1:
        raise argparse.ArgumentTypeError(f"{shown(text)} is not between 0 and 1")
    return value


def positive(text: str) -> float:
    """A finite number above 0."""
    if not 0 < (value := number(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"{shown(text)} is not above 0")
    return value


def pixels(text: str) -> int:
    """A number of pixels: whole, from 1 to `MOST`."""
    return _whole(text, "a number of pixels")


def count(text: str) -> int:
    """A whole number from 1 to `MOST`."""
    return _whole(text, "a whole number above 0")


def _whole(text: str, what: str) -> int:
    if not re.fullmatch("[0-9]+", text) or not text.strip("0"):
        raise argparse.ArgumentTypeError(f"{shown(text)} is not {what}")
    digits = text.lstrip("0")
    # Python converts no more than 4300 digits.
    if len(digits) > len(str(MOST)) or int(digits) > MOST:
        raise argparse.ArgumentTypeError(f"{shown(text)} is more than {MOST}")
    return int(digits)


def memory_size(text: str) -> float:
    """Bytes, of a size such as 3GB, 800 MB or 1000."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?", text.strip(), re.IGNORECASE)
    if match is None:
        raise argparse.ArgumentTypeError(f"{shown(text)} is not a size such as 3GB or 800MB")
    return float(match[1]) * UNITS[match[2].upper()]


def shown(text: str) -> str:
    """A wrong value in a message, in quotes and cut short."""
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}...")


def seconds(text: str) -> Fraction:
    """Seconds, exactly, of a time such as 12.5 or 1:02:03.5."""
    if not re.fullmatch(r"([0-9]{1,9}:){0,2}[0-9]{1,9}(\.[0-9]{1,9})?", text):
        raise argparse.ArgumentTypeError(f"{shown(text)} is not a time such as 12.5 or 1:02:03")
    total = Fraction(0)
    for part in text.split(":"):
        total = 60 * total + Fraction(part)
    return total


def frame_rate(text: str) -> Fraction:
    """Frames a second, of a number or a fraction such as 30000/1001."""
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?(/[0-9]{1,9})?", text):
        raise argparse.ArgumentTypeError(
            f"{shown(text)} is not a frame rate such as 24 or 30000/1001"
        )
    above, _, below = text.partition("/")
    if not int(below or 1) or not 0 < (rate := Fraction(above) / int(below or 1)) <= MAX_FPS:
        raise argparse.ArgumentTypeError(f"{shown(text)} is not above 0 and at most {MAX_FPS}")
    return rate
