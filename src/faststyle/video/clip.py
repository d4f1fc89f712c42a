"""What all clips have in common, whether they come from a video, an animation or pictures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

Size = tuple[int, int]  # width and height


@dataclass(frozen=True)
class Frame:
    """A frame, upright.

    Attributes:
        pixels: (H, W, 3) levels of RGB.
        pts: when it is shown, in units of the clip's time base; 0 is the beginning.
        duration: how long, in the same units.
    """

    pixels: np.ndarray
    pts: int
    duration: int


@dataclass(frozen=True)
class Color:
    """How RGB is encoded, by the numbers of ITU-T H.273 that FFmpeg uses.

    Attributes:
        matrix: 1 BT.709, 5 and 6 BT.601.
        primaries, transfer: of the RGB values; 2: unknown.
    """

    matrix: int = 1
    primaries: int = 1
    transfer: int = 1


@dataclass(frozen=True)
class Span:
    """The part of a clip that is wanted.

    Attributes:
        start, end: seconds from its beginning; `end` None: to its end.
        fps: frames a second; None: the clip's own times.
    """

    start: Fraction = Fraction(0)
    end: Fraction | None = None
    fps: Fraction | None = None


class Clip(ABC):
    """An open clip.

    Attributes:
        size: width and height of its frames, upright.
        time_base: seconds of a unit of time.
        rate: frames a second, on average.
        num_frames: how many frames there are, as far as the file tells; else None.
        pixel_aspect: width of a pixel by its height.
        metadata: what the result keeps: title, artist, copyright, dates.
        notes: lines for the user; complete once the frames have been read.
    """

    def __init__(
        self,
        size: Size,
        time_base: Fraction,
        rate: Fraction,
        num_frames: int | None,
    ):
        self.size, self.time_base, self.rate, self.num_frames = size, time_base, rate, num_frames
        self.pixel_aspect = Fraction(1)
        self.color = Color()
        self.metadata: dict[str, str] = {}
        self.notes: list[str] = []

    @abstractmethod
    def frames(self, size: Size) -> Iterator[Frame]:
        """The frames, scaled to `size`.

        Raises:
            UserError: the clip is damaged, cut short or without frames.
        """

    def close(self) -> None:  # noqa: B027  (not every clip holds a file open)
        """Close its file."""


class Part(Clip):
    """A part of a clip, or the clip at another frame rate."""

    def __init__(self, clip: Clip, span: Span):
        super().__init__(clip.size, clip.time_base, clip.rate, clip.num_frames)
        self.pixel_aspect, self.color = clip.pixel_aspect, clip.color
        self.metadata, self.notes = clip.metadata, clip.notes
        self._clip, self._span = clip, span
        if clip.num_frames is not None:
            seconds = clip.num_frames / clip.rate
            end = seconds if span.end is None else min(span.end, seconds)
            self.num_frames = max(0, round((end - span.start) * (span.fps or clip.rate)))
        if span.fps is not None:
            self.time_base, self.rate = 1 / span.fps, span.fps

    def frames(self, size: Size) -> Iterator[Frame]:
        frames = _cut(self._clip.frames(size), self._clip.time_base, self._span)
        if self._span.fps is None:
            return frames
        return _resampled(frames, self._clip.time_base, self._span.fps)

    def close(self) -> None:
        self._clip.close()


def _cut(frames: Iterator[Frame], time_base: Fraction, span: Span) -> Iterator[Frame]:
    """Frames from `start` on, before `end`; `start` becomes 0."""
    start = span.start / time_base
    end = None if span.end is None else span.end / time_base
    for frame in frames:
        if end is not None and frame.pts >= end:
            return
        if frame.pts >= start:
            last = frame.pts + frame.duration
            duration = frame.duration if end is None else int(min(last, end)) - frame.pts
            pts = frame.pts - int(start)
            yield replace(frame, pts=pts, duration=max(1, duration))


def _resampled(frames: Iterator[Frame], time_base: Fraction, fps: Fraction) -> Iterator[Frame]:
    """At each multiple of 1 / fps the frame that is shown then."""
    number = 0
    for frame in frames:
        until = (frame.pts + frame.duration) * time_base * fps
        while number < until:
            yield Frame(frame.pixels, number, 1)
            number += 1


def with_durations(frames: Iterator[tuple[np.ndarray, int, int]]) -> Iterator[Frame]:
    """Frames from pixels, time and the duration that counts for the last; times must grow."""
    before = None
    for pixels, pts, duration in frames:
        if before is not None:
            if pts <= before[1]:
                continue
            yield Frame(before[0], before[1], pts - before[1])
        before = pixels, pts, duration
    if before is not None:
        yield Frame(before[0], before[1], max(1, before[2]))
