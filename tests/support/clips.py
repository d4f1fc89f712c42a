"""Tiny clips, made by PyAV."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from tests.support.pictures import noise_picture

MILLISECONDS = Fraction(1, 1000)
COLORS = ((200, 60, 50), (60, 170, 80), (50, 70, 180), (230, 220, 200))


def moving_picture(number: int, width: int = 48, height: int = 32) -> np.ndarray:
    """Frame `number` of a picture that moves to the left, (H, W, 3) levels."""
    wide = np.asarray(noise_picture(0, 2 * width, height))
    return np.roll(wide, -2 * number, axis=1)[:, :width].copy()


def quarters(width: int = 64, height: int = 64) -> np.ndarray:
    """COLORS: top left, top right, bottom left, bottom right; (H, W, 3) levels."""
    levels = np.zeros((height, width, 3), np.uint8)
    for index, color in enumerate(COLORS):
        rows = slice(0, height // 2) if index < 2 else slice(height // 2, None)
        columns = slice(0, width // 2) if index % 2 == 0 else slice(width // 2, None)
        levels[rows, columns] = color
    return levels


def write_clip(
    path: Path,
    *,
    frames: Sequence[np.ndarray] | None = None,
    pts: Sequence[int] = range(0, 200, 40),
    time_base: Fraction = MILLISECONDS,
    codec: str = "libx264",
    sound: str | None = None,
    turned: int = 0,
    pixel_aspect: Fraction | None = None,
    metadata: dict[str, str] | None = None,
    muxer: dict[str, str] | None = None,
    encoder: dict[str, str] | None = None,
) -> Path:
    """A clip of a few frames at the times `pts`, with a tone if a codec for sound is given."""
    import av

    pictures = [moving_picture(i) for i in range(len(pts))] if frames is None else frames
    height, width = pictures[0].shape[:2]
    with av.open(str(path), "w", options=muxer or {}) as clip:
        stream: Any = clip.add_stream(codec, rate=25, options=encoder or {})
        stream.width, stream.height = width, height
        stream.pix_fmt = "bgr0" if codec == "ffv1" else "yuv420p"
        stream.codec_context.time_base = time_base
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if turned:
            stream.set_display_rotation(turned)
        tone: Any = clip.add_stream(sound, rate=48000) if sound else None
        clip.metadata.update(metadata or {})
        for picture, time in zip(pictures, pts, strict=True):
            frame: Any = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = time, time_base
            clip.mux(stream.encode(frame))
        if tone is not None:
            seconds = float((pts[-1] + pts[1] - pts[0]) * time_base)
            clip.mux(_tone(av, tone, seconds))
        clip.mux(stream.encode(None))
    return path


def _tone(av: Any, stream: Any, seconds: float) -> list[Any]:
    packets = []
    size = stream.codec_context.frame_size or 1024
    for number in range(int(seconds * 48000 / size) + 1):
        wave = 0.3 * np.sin(np.arange(number * size, (number + 1) * size) / 20)
        frame = av.AudioFrame.from_ndarray(wave.astype(np.float32)[None], "fltp", "mono")
        frame.sample_rate, frame.pts = 48000, number * size
        packets += stream.encode(frame)
    return [*packets, *stream.encode(None)]


def write_sound(path: Path) -> Path:
    """A file with sound alone."""
    import av

    with av.open(str(path), "w") as clip:
        stream = clip.add_stream("aac", rate=48000)
        clip.mux(_tone(av, stream, 0.2))
    return path


def write_encoded(
    path: Path,
    planes: Sequence[np.ndarray],
    pixels: str,
    *,
    matrix: int,
    limits: int = 1,
    transfer: int = 1,
    primaries: int = 1,
) -> Path:
    """A clip of one frame with these very samples, losslessly encoded and tagged so."""
    import av

    height, width = planes[0].shape
    frame: Any = av.VideoFrame(width, height, pixels)
    for plane, samples in zip(frame.planes, planes, strict=True):
        rows = np.zeros((plane.height, plane.line_size // samples.itemsize), samples.dtype)
        rows[:, : samples.shape[1]] = samples
        plane.update(rows.tobytes())
    frame.pts = 0
    with av.open(str(path), "w") as clip:
        stream: Any = clip.add_stream("libx264", rate=25, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        for tagged in (stream.codec_context, frame):
            tagged.colorspace, tagged.color_range = matrix, limits
            tagged.color_trc, tagged.color_primaries = transfer, primaries
        clip.mux(stream.encode(frame))
        clip.mux(stream.encode(None))
    return path


def times(path: Path) -> list[Fraction]:
    """When each frame is shown, in seconds, as PyAV reads it."""
    import av

    with av.open(str(path)) as clip:
        frames: Any = clip.decode(video=0)
        return [frame.pts * frame.time_base for frame in frames]


def pictures(path: Path) -> list[np.ndarray]:
    """Every frame, (H, W, 3) levels, as PyAV reads it."""
    import av

    with av.open(str(path)) as clip:
        return [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]


def sound_hashes(path: Path) -> list[str]:
    """The digest of each packet of sound."""
    import av

    with av.open(str(path)) as clip:
        packets = (bytes(packet) for packet in clip.demux(audio=0) if packet.size)
        return [hashlib.sha256(packet).hexdigest() for packet in packets]
