"""How much one request may ask for."""

from __future__ import annotations

from dataclasses import dataclass

MAX_PIXELS = 25_000_000  # a phone's photo; half a minute on two cores


@dataclass(frozen=True)
class Limits:
    """What the server lets requests take.

    Attributes:
        max_pixels: width times height of a picture, as the network sees it.
        max_bytes: of a picture file.
        waiting: requests that may wait while one is painted.
        connections: requests that are answered at once; others wait to be accepted.
        wait_seconds: that a request waits for its turn.
        head_seconds: in which the request line and all headers must have arrived.
        body_seconds: in which the body must have arrived.
        send_seconds: in which the answer must have been taken.
    """

    max_pixels: int = MAX_PIXELS
    max_bytes: int = 50_000_000
    waiting: int = 8
    connections: int = 64
    wait_seconds: float = 120
    head_seconds: float = 10
    body_seconds: float = 30
    send_seconds: float = 30
