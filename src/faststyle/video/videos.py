"""Frames of a video file, decoded by PyAV."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from faststyle.errors import UserError
from faststyle.video.clip import Clip, Frame, Size, with_durations
from faststyle.video.conversion import ToRgb, color_of, is_hdr, upright_size
from faststyle.video.library import pyav, reading_errors

KEPT = ("title", "artist", "author", "copyright", "date", "creation_time")
# The place of a recording, its device and all else are dropped, as with photos.
CUT_SHORT = Fraction(9, 10)  # a clip whose frames cover less of its duration than this is cut short


class VideoFile(Clip):
    """A video file.

    Args:
        path: the file.
        start: seconds; frames long before it are passed over without being decoded.
        end: seconds; where the caller stops, so that a file cut short after it will do.

    Raises:
        UserError: it cannot be read, has no frames, or is cut short before `end`.
    """

    def __init__(self, path: Path, start: Fraction = Fraction(0), end: Fraction | None = None):
        self.path, self._start, self._end = path, start, end
        check_file(path)
        with reading_errors(path):
            self._container = pyav().open(os.fspath(path), metadata_errors="replace")
        try:
            self._open()
        except BaseException:
            self._container.close()
            raise

    def _open(self) -> None:
        container, path = self._container, self.path
        stream = picture_stream(container)
        if stream is None:
            what = "only sound in it" if container.streams.audio else "no pictures in it"
            raise UserError(f"{path}: {what}; a clip needs a video stream")
        self._stream = stream
        stream.thread_type = "AUTO"
        self.zero = zero_of(container)
        if self._start:
            self._seek()
        self._decoded, self._broken = self._decode(), 0
        with reading_errors(path):
            first = next(self._decoded, None)
        if first is None:
            raise UserError(f"{path}: no frame in it can be decoded")
        self._first = first
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        seconds = self._seconds()
        frames = stream.frames or (round(seconds * rate) if seconds else None)
        super().__init__(upright_size(first), stream.time_base, rate, frames)
        self.color = color_of(first)
        self.metadata = {k: v for k, v in container.metadata.items() if k.lower() in KEPT}
        aspect = stream.sample_aspect_ratio or Fraction(1)
        self.pixel_aspect = 1 / aspect if first.rotation % 180 == 90 else aspect
        if is_hdr(first):
            self.notes.append(f"{path.name}: HDR, brought into the range of plain screens")
        self._check_whole()

    def _seek(self) -> None:
        target = int((self._start + self.zero) / self._stream.time_base)
        with reading_errors(self.path):
            self._container.seek(target, stream=self._stream)

    def _seconds(self) -> Fraction | None:
        """The duration that the file claims for its pictures."""
        if self._stream.duration:
            return self._stream.duration * self._stream.time_base
        if self._container.duration:
            return Fraction(self._container.duration, pyav().time_base)
        return None

    def _seconds_of_pictures(self) -> Fraction | None:
        """The same, where it is not the duration of longer sound."""
        tagged = self._stream.metadata.get("DURATION")  # of Matroska, as 0:01:02.500
        if tagged and not self._stream.duration:
            try:
                hours, minutes, seconds = (Fraction(part) for part in tagged.split(":"))
            except ValueError:
                return None
            return 3600 * hours + 60 * minutes + seconds
        alone = not self._container.streams.audio
        return self._seconds() if self._stream.duration or alone else None

    def _check_whole(self) -> None:
        """Refuse a file that lacks the frames which its index lists, before any is stylized."""
        size = os.path.getsize(self.path)
        inside = None
        for entry in self._stream.index_entries:
            if entry.pos + entry.size > size:
                break
            inside = entry.timestamp
        else:
            return
        last = Fraction(0) if inside is None else inside * self._stream.time_base - self.zero
        self._check_reached(last)

    def _check_reached(self, last: Fraction) -> None:
        if self._end is not None and self._end <= last:
            return
        whole = self._seconds()
        raise UserError(
            f"{self.path}: cut short, its frames end at {float(last):.2f} s"
            + (f" of {float(whole):.2f} s" if whole else "")
            + (f"; --end {int(last * 100) / 100:g} stylizes those" if last >= 0.01 else "")
        )

    def _decode(self) -> Iterator[Any]:
        """Decoded frames. What cannot be decoded is counted in `_broken` and left out."""
        av = pyav()
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError:  # the file ends here, or is not readable beyond
                self._broken += 1
                packet = None
            try:
                frames = self._stream.decode(packet)
            except av.error.EOFError:  # the decoder has given its last frame
                frames = []
            except av.error.FFmpegError:
                self._broken += 1
                frames = []
            for frame in frames:
                if frame.is_corrupt:
                    self._broken += 1
                elif frame.pts is not None:
                    yield frame
            if packet is None:
                return

    def frames(self, size: Size) -> Iterator[Frame]:
        return with_durations(self._timed(size))

    def _timed(self, size: Size) -> Iterator[tuple[np.ndarray, int, int]]:
        convert, zero = ToRgb(size), int(self.zero / self.time_base)
        frame, last = self._first, Fraction(0)
        usual = max(1, round(1 / (self.rate * self.time_base)))
        while frame is not None:
            pts = frame.pts - zero
            last = (pts + usual) * self.time_base
            yield convert(frame), pts, frame.duration or usual
            with reading_errors(self.path):
                frame = next(self._decoded, None)
        if self._broken:
            what = "a broken frame" if self._broken == 1 else f"{self._broken} broken frames"
            self.notes.append(f"{self.path.name}: {what} left out")
        whole = self._seconds_of_pictures()
        if whole and last < min(whole - 1, CUT_SHORT * whole):
            self._check_reached(last)

    def close(self) -> None:
        self._container.close()


def check_file(path: Path) -> None:
    """Check that there is a file with something in it.

    Raises:
        UserError: there is not.
    """
    if not os.path.lexists(path):
        raise UserError(f"cannot read {path}: no such file")
    if not os.path.isfile(path):
        raise UserError(f"cannot read {path}: not a regular file")
    if os.path.getsize(path) == 0:
        raise UserError(f"cannot read {path}: an empty file")


def picture_stream(container: Any) -> Any:
    """The stream that a player shows, None if there is none; not the cover of a song."""
    streams = [s for s in container.streams.video if not s.disposition & _cover()]
    best = container.streams.best("video")
    return best if best in streams else next(iter(streams), None)


def _cover() -> Any:
    return pyav().stream.Disposition.attached_pic


def zero_of(container: Any) -> Fraction:
    """The time in the file, in seconds, that counts as the clip's beginning."""
    return max(Fraction(0), Fraction(container.start_time or 0, pyav().time_base))
