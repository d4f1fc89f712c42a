"""Ctrl-C and SIGTERM stop a run after its step, and it saves; a second one stops it at once."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import Any

ANNOUNCEMENT = b"\nStopping after this step; the same again stops at once.\n"


class StopRequest:
    """Remembers the first SIGINT or SIGTERM while it listens; `number` is None until then.

    After the first the system's own handler is back: a second signal of the kind ends the process
    even in the middle of a long computation, and the shell sees which signal it was.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._previous: dict[int, Any] = {}

    def listen(self, announce: bool) -> None:
        def stop(number: int, frame: Any) -> None:
            self.number = number
            signal.signal(number, signal.SIG_DFL)
            if announce:
                with suppress(OSError):  # print is not safe in a signal handler
                    os.write(2, ANNOUNCEMENT)

        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, stop)

    def forget(self) -> None:
        """Put back the handlers that were there before."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous = {}
