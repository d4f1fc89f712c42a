"""What a client sends, read within a time limit."""

from __future__ import annotations

import re
import socket
import time
from email.message import Message
from http import HTTPStatus
from io import BufferedIOBase, RawIOBase
from typing import Any

from faststyle.serve.refusals import Refusal


class TooSlow(Exception):
    """A client did not send in time."""


class TimedReader(RawIOBase):
    """Bytes of a socket until a deadline, however slowly they drip in.

    A timeout of the socket alone starts anew with each byte.
    """

    def __init__(self, connection: socket.socket, seconds: float):
        self._connection = connection
        self.received = 0  # bytes so far
        self.allow(seconds)

    def allow(self, seconds: float) -> None:
        """Set the deadline, from now on."""
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """As of any raw file.

        Raises:
            TooSlow: the deadline has passed.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TooSlow
        self._connection.settimeout(left)
        try:
            count = self._connection.recv_into(buffer)
        except TimeoutError:
            raise TooSlow from None
        self.received += count
        return count


def body_length(headers: Message, max_bytes: int) -> int:
    """Bytes of the body that follows the headers.

    Raises:
        Refusal: 411 without a length, also where the body comes in chunks; 400 if it is no
            number, none at all, or said twice; 413 above `max_bytes`.
    """
    lengths = headers.get_all("Content-Length", [])
    if headers.get_all("Transfer-Encoding") or not lengths:
        raise Refusal(
            HTTPStatus.LENGTH_REQUIRED,
            "Content-Length: missing; send the picture whole, not in chunks",
        )
    text = str(lengths[0]).strip()
    if len(lengths) > 1 or not re.fullmatch("[0-9]+", text, re.ASCII):
        raise Refusal(HTTPStatus.BAD_REQUEST, "Content-Length: not one whole number of bytes")
    digits = text.lstrip("0")
    if not digits:
        raise Refusal(HTTPStatus.BAD_REQUEST, "no picture: send the bytes of its file as the body")
    # Python converts no more than 4300 digits.
    if len(digits) > len(str(max_bytes)) or int(digits) > max_bytes:
        raise Refusal(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"the picture has more than the {max_bytes / 1e6:g} million bytes allowed",
        )
    return int(digits)


def read_body(file: BufferedIOBase, length: int) -> bytes:
    """Exactly `length` bytes.

    Raises:
        TooSlow: they did not come in time.
        ConnectionError: the client hung up before.
    """
    body = file.read(length)
    if len(body) < length:
        raise ConnectionResetError("the client hung up")
    return body
