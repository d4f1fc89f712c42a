"""A camera, of which only the newest frame counts: late ones are dropped, nothing is delayed."""

from __future__ import annotations

import os
import sys
import threading
import time
from fractions import Fraction
from typing import Any

import numpy as np

from faststyle.errors import UserError
from faststyle.video.clip import Size
from faststyle.video.conversion import ToRgb, upright_size
from faststyle.video.library import pyav, reading_errors


def device_of(given: str) -> tuple[str, str | None]:
    """What FFmpeg is to open for `--camera`, and its format for that; None: FFmpeg finds out.

    A number is a camera of this machine. Anything else is a name that FFmpeg knows: an address
    such as rtsp://..., or a file, which is played at its own speed.

    Raises:
        UserError: cameras have no numbers on this system.
    """
    if given.startswith("/dev/video"):
        return given, "v4l2"
    if not given.isdigit():
        return given, None
    if sys.platform.startswith("linux"):
        return f"/dev/video{given}", "v4l2"
    if sys.platform == "darwin":
        return given, "avfoundation"
    raise UserError(
        f"--camera {given}: on Windows cameras have names; give --camera video=NAME, where "
        "the device manager has the name"
    )


class Camera:
    """An open camera.

    Args:
        given: see `device_of`.

    Attributes:
        size: width and height of its frames, upright.
        rate: frames a second that it claims.
        dropped: how many frames nobody asked for in time.

    Raises:
        UserError: it cannot be opened, or gives no pictures.
    """

    def __init__(self, given: str):
        name, kind = device_of(given)
        if given.startswith("video="):
            kind = "dshow"
        try:
            self._container = pyav().open(name, format=kind)
        except pyav().error.FFmpegError as error:
            raise UserError(
                f"--camera {given}: cannot be opened ({error.strerror}); give the number of a "
                "camera, an address such as rtsp://..., or a file"
            ) from error
        with reading_errors(f"--camera {given}"):
            if not self._container.streams.video:
                raise UserError(f"--camera {given}: no pictures come from it")
            self._frames = self._container.decode(self._container.streams.video[0])
            self._next: Any = next(self._frames, None)
        if self._next is None:
            raise UserError(f"--camera {given}: no pictures come from it")
        self._paced = os.path.isfile(name)
        self.size = upright_size(self._next)
        self.rate = self._container.streams.video[0].average_rate or Fraction(25)
        self.dropped = 0
        self._began = time.monotonic()
        self._newest: tuple[Any, float] | None = None
        self._ended = self._stopped = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        first = self._next.time or 0.0
        try:
            while self._next is not None and not self._stopped:
                if self._paced:
                    due = self._began + (self._next.time or 0.0) - first
                    time.sleep(max(0.0, due - time.monotonic()))
                with self._changed:
                    self.dropped += self._newest is not None
                    self._newest = self._next, time.monotonic() - self._began
                    self._changed.notify()
                self._next = next(self._frames, None)
        except pyav().error.FFmpegError:  # unplugged
            pass
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify()

    def latest(self, size: Size) -> tuple[np.ndarray, float] | None:
        """The newest frame that was not taken yet; waits for one. None at the end.

        Returns:
            (H, W, 3) levels of RGB, scaled to `size`; seconds since the camera was opened.
        """
        with self._changed:
            # In steps, so that Ctrl-C is noticed on every system.
            while self._newest is None and not self._ended:
                self._changed.wait(0.1)
            if self._newest is None:
                return None
            frame, seconds = self._newest
            self._newest = None
        return ToRgb(size)(frame), seconds

    def close(self) -> None:
        """Give the camera back."""
        self._stopped = True
        self._thread.join()
        self._container.close()
