"""Opens a clip of any kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from faststyle.errors import UserError
from faststyle.video.animations import Animation, Pictures
from faststyle.video.clip import Clip, Part, Span
from faststyle.video.formats import ANIMATION_SUFFIXES
from faststyle.video.videos import VideoFile


def open_clip(path: Path, span: Span, pictures: Sequence[Path] = ()) -> Clip:
    """A clip, or the part of it that is wanted; close it when its frames are read.

    Args:
        path: a video file, an animated GIF or WebP; with `pictures`, their folder or pattern.
        span: which part. Of pictures its `fps` is their own.
        pictures: the files that are its frames.

    Raises:
        UserError: it cannot be read, or nothing of it lies in the span.
    """
    if pictures:
        clip: Clip = Pictures(pictures, span.fps)
        span = Span(span.start, span.end)
    elif path.suffix.lower() in ANIMATION_SUFFIXES:
        clip = Animation(path)
    else:
        clip = VideoFile(path, span.start, span.end)
    if span == Span():
        return clip
    part = Part(clip, span)
    if part.num_frames == 0:
        clip.close()
        seconds = float((clip.num_frames or 0) / clip.rate)
        raise UserError(f"{path}: --start {float(span.start):g} is beyond its {seconds:.2f} s")
    return part
