"""Stylizes what a camera sees, at the size that the machine can do in time."""

from __future__ import annotations

import os
import re
import sys
import time
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from faststyle.errors import UserError
from faststyle.files.atomic import publish, temporary_beside
from faststyle.images.tensors import long_edge_to
from faststyle.infer.frames import FramePainter
from faststyle.infer.repainter import Repainter
from faststyle.infer.tasks import Task
from faststyle.infer.window import Window
from faststyle.video.camera import Camera
from faststyle.video.clip import Frame, Size
from faststyle.video.formats import Codec, codec_for, container_of
from faststyle.video.writing import ClipWriter, Output

FPS = Fraction(25)  # without --fps; less if the camera has less
STEP = 16  # pixels: the long edge at which frames are stylized is a multiple
SMALLEST = 64
LIVE = {"preset": "veryfast", "tune": "zerolatency"}
# Of addresses of streams: FFmpeg's name of the format.
STREAMS = {"udp": "mpegts", "tcp": "mpegts", "srt": "mpegts", "rtmp": "flv", "rtsp": "rtsp"}


class Viewer(Protocol):
    """What shows or keeps stylized frames."""

    closed: bool

    def show(self, pixels: np.ndarray, seconds: float) -> None:
        """Show a frame, (H, W, 3) levels of RGB, taken at that time."""
        ...


class StylizedSize:
    """The size at which frames are stylized, so that one takes less than 1 / fps seconds.

    Args:
        largest: width and height of the result.
    """

    def __init__(self, largest: Size, fps: Fraction):
        self.largest, self.allowed = largest, float(1 / fps)
        self.now = largest
        self._per_pixel: float | None = None

    def took(self, seconds: float) -> None:
        """Adapt to the time that a frame of the present size took."""
        pixels = self.now[0] * self.now[1]
        before = seconds / pixels if self._per_pixel is None else self._per_pixel
        self._per_pixel = 0.7 * before + 0.3 * seconds / pixels
        expected = self._per_pixel * pixels
        if 0.6 * self.allowed <= expected <= self.allowed:
            return
        share = (0.8 * self.allowed / self._per_pixel / pixels) ** 0.5
        edge = round(share * max(self.now)) // STEP * STEP
        edge = min(max(self.largest), max(SMALLEST, edge))
        self.now = long_edge_to(self.largest, edge)


class _File:
    """Frames into a file or a stream."""

    closed = False

    def __init__(self, writer: ClipWriter):
        self._writer = writer

    def show(self, pixels: np.ndarray, seconds: float) -> None:
        self._writer.write(Frame(pixels, round(seconds * 1000), 1))


def stylize_camera(repainter: Repainter) -> int:
    """Until Ctrl-C, the end of the camera, or the window is closed; returns the exit code.

    Raises:
        UserError: no such camera, or what it sees can neither be shown nor written.
    """
    given, output = repainter.options.camera, repainter.options.output
    if output is None:
        with closing(Camera(given)) as camera, closing(Window("faststyle")) as window:
            print(_show(camera, repainter, window), file=sys.stderr)
        return 0
    address = stream_address(output)
    if address is None and os.path.lexists(output) and not repainter.options.overwrite:
        raise UserError(f"--output {output} exists; give another name, or --overwrite")
    codec = _codec(output, address, repainter)
    with closing(Camera(given)) as camera:
        fps = _fps(camera, repainter)
        size = repainter.scaled_size(camera.size, Task(Path(given), output))

        def write(file: Path | str, container: str) -> None:
            what = Output(container, codec, size, Fraction(1, 1000), fps, repainter.options.quality)
            writer = ClipWriter(file, what, None, output)
            try:
                print(_show(camera, repainter, _File(writer)), file=sys.stderr)
            finally:
                writer.close()

        if address is not None:
            write(*address)
            return 0
        with temporary_beside(output) as file:
            write(file, container_of(output))
            publish(file, output, replace=repainter.options.overwrite)
    print(output)
    return 0


def stream_address(output: Path) -> tuple[str, str] | None:
    """The address that a path stands for, and its format; None if it is a file."""
    found = re.match(r"(\w+):/+(.*)", str(output))  # a Path has one slash only
    if found is None or found[1] not in STREAMS:
        return None
    return f"{found[1]}://{found[2]}", STREAMS[found[1]]


def _codec(output: Path, address: object, repainter: Repainter) -> Codec:
    options = repainter.options
    name = Path("stream.mp4") if address else output
    codec = codec_for(name, options.video_codec, options.quality)
    if codec.encoder != "libx264":
        return codec
    return Codec(codec.encoder, codec.pixels, codec.quality, codec.even, LIVE)


def _fps(camera: Camera, repainter: Repainter) -> Fraction:
    return repainter.options.fps or min(FPS, camera.rate)


def _show(camera: Camera, repainter: Repainter, viewer: Viewer) -> str:
    """Stylize frame after frame; returns a line on how it went."""
    fps = _fps(camera, repainter)
    task = Task(Path(repainter.options.camera), Path())
    largest = repainter.scaled_size(camera.size, task)
    size = StylizedSize(largest, fps)
    painters: dict[Size, FramePainter] = {}
    shown, began, last = 0, time.monotonic(), -1.0
    try:
        while not viewer.closed and (taken := camera.latest(size.now)) is not None:
            pixels, seconds = taken
            if seconds < last + 0.9 / fps:  # the camera is faster than wanted
                continue
            if size.now not in painters:  # only the newest is kept: masks take memory
                painters = {size.now: FramePainter(repainter, task, size.now)}
            start = time.monotonic()
            stylized = painters[size.now](pixels)
            size.took(time.monotonic() - start)
            viewer.show(_enlarged(stylized, largest), seconds)
            shown, last = shown + 1, seconds
    except KeyboardInterrupt:  # the way to end it
        pass
    rate = shown / max(1e-9, time.monotonic() - began)
    return (
        f"infer: {shown} frames, {rate:.1f} a second, {camera.dropped} dropped; "
        f"in the end stylized at {size.now[0]} x {size.now[1]} of {largest[0]} x {largest[1]}"
    )


def _enlarged(pixels: np.ndarray, size: Size) -> np.ndarray:
    if pixels.shape[1::-1] == size:
        return pixels
    image = Image.fromarray(pixels)
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))
