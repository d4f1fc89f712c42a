"""Requests as raw bytes, as no client library would send them, and their answers."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers by small name, and the body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        assert self.headers["content-type"] == "application/json", self
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The line of an answer that refuses."""
        answer = self.json
        assert answer["status"] == self.status
        assert answer["error"].isprintable()
        return answer["error"]

    @property
    def picture(self) -> Image.Image:
        assert self.status == 200, self.body
        return Image.open(BytesIO(self.body))


def request(
    method: str, target: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """A request as it goes over the wire; of a header that is "" nothing is sent."""
    own = {"Host": "127.0.0.1"}
    if body is not None:
        own["Content-Length"] = str(len(body))
    lines = [f"{method} {target} HTTP/1.1"]
    lines += [f"{k}: {v}" for k, v in {**own, **(headers or {})}.items() if v]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def exchange(port: int, sent: bytes, *, hang_up: bool = False, seconds: float = 60) -> Answer:
    """Send bytes as they are and read the answer to its end.

    Args:
        hang_up: say that nothing more will come.

    Raises:
        ConnectionError: the server closed the connection without an answer.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(sent)
        if hang_up:
            connection.shutdown(socket.SHUT_WR)
        parts = []
        while part := connection.recv(1 << 16):
            parts.append(part)
    return parse(b"".join(parts))


def parse(received: bytes) -> Answer:
    """The one answer in what a server sent, checked for its length."""
    if not received:
        raise ConnectionError("no answer")
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    version, status, _ = first.split(" ", 2)
    assert version == "HTTP/1.1"
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    assert not body or int(headers["content-length"]) == len(body)  # none after HEAD
    return Answer(int(status), headers, body)
