"""Writes a clip: frames encoded, sound and subtitles copied, a record in its metadata."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from faststyle.errors import UserError
from faststyle.video.clip import Clip, Color, Frame, Size
from faststyle.video.copies import Copies
from faststyle.video.formats import DEFAULT_QUALITY, Codec
from faststyle.video.library import pyav, writing_errors
from faststyle.video.palette import ToPalette

LIMITED_RANGE = 1
# Seconds of the smallest difference between times that a container holds; else the time base's.
TICKS = {
    "gif": Fraction(1, 100),
    **dict.fromkeys(("webp", "matroska", "webm"), Fraction(1, 1000)),
}
UNTAGGED = ("gif", "webp", "ffv1")  # RGB: they have no matrix


@dataclass(frozen=True)
class Output:
    """What is to be written.

    Attributes:
        container: FFmpeg's name of the format.
        codec: of the frames.
        size: width and height of the frames, in pixels.
        quality: in [0, 100]; None: DEFAULT_QUALITY.
        time_base: seconds of a unit of the frames' times.
        record: goes into the metadata, as the comment.
    """

    container: str
    codec: Codec
    size: Size
    time_base: Fraction
    rate: Fraction
    quality: float | None = None
    color: Color = field(default_factory=Color)
    pixel_aspect: Fraction = Fraction(1)
    metadata: tuple[tuple[str, str], ...] = ()
    record: str = ""

    @classmethod
    def like(cls, clip: Clip, **changes: Any) -> Output:
        """Times, colors and metadata as those of `clip`; the rest as given."""
        same = {
            "time_base": clip.time_base,
            "rate": clip.rate,
            "color": clip.color,
            "pixel_aspect": clip.pixel_aspect,
            "metadata": tuple(clip.metadata.items()),
        }
        return cls(**(same | changes))


class ClipWriter:
    """An open clip that is being written.

    Args:
        file: where to; an address of a stream such as udp://127.0.0.1:1234 works too.
        output: what to write.
        copies: what to copy beside the frames.
        name: of the result, for messages and for the format's suffix.

    Raises:
        UserError: it cannot be written.
    """

    def __init__(self, file: Path | str, output: Output, copies: Copies | None, name: Path):
        self.output, self.copies, self.name = output, copies, name
        self._tick = TICKS.get(output.container, output.time_base)
        self._last = -1
        self._palette = ToPalette(output.size) if output.codec.pixels == "pal8" else None
        with writing_errors(name):
            self._container = pyav().open(
                str(file), "w", format=output.container, options=_muxer_options(output.container)
            )
            self._stream = self._add_stream()
            self._container.metadata.update(dict(output.metadata) | {"comment": output.record})
            if copies is not None:
                copies.add_to(self._container, name.suffix)

    def _add_stream(self) -> Any:
        output, codec = self.output, self.output.codec
        quality = DEFAULT_QUALITY if output.quality is None else output.quality
        try:
            stream = self._container.add_stream(
                codec.encoder, rate=output.rate, options=codec.encoder_options(quality)
            )
        except pyav().codec.codec.UnknownCodecError as error:
            self._container.close()
            raise UserError(
                f"cannot write {self.name}: this PyAV lacks the encoder {codec.encoder}; "
                "give another --video-codec"
            ) from error
        width, height = output.size
        stream.width, stream.height = (width + width % 2, height + height % 2) if codec.even else (
            output.size
        )  # fmt: skip
        stream.pix_fmt = codec.pixels
        context = stream.codec_context
        context.time_base = output.time_base
        if output.pixel_aspect != 1:
            context.sample_aspect_ratio = output.pixel_aspect
        if codec.encoder not in UNTAGGED and codec.pixels.startswith("yuv"):
            context.colorspace, context.color_range = output.color.matrix, LIMITED_RANGE
            context.color_primaries = output.color.primaries
            context.color_trc = output.color.transfer
        if codec.encoder == "libx265" and output.container in ("mp4", "mov"):
            context.codec_tag = "hvc1"  # players of Apple know HEVC by no other name
        return stream

    def write(self, frame: Frame) -> None:
        """Encode a frame, and copy what belongs before it.

        Raises:
            UserError: the file cannot be written.
        """
        with writing_errors(self.name):
            self._write(frame)

    def _write(self, frame: Frame) -> None:
        tick = round(frame.pts * self.output.time_base / self._tick)
        if tick <= self._last:  # the container has no time between this frame and the last
            return
        self._last = tick
        if self.copies is not None:
            self._container.mux(list(self.copies.until(frame.pts * self.output.time_base)))
        self._container.mux(self._stream.encode(self._encodable(frame)))

    def _encodable(self, frame: Frame) -> Any:
        pixels, codec = frame.pixels, self.output.codec
        if self._palette is not None:
            converted = self._palette(pixels)
        else:
            height, width = pixels.shape[:2]
            if codec.even and (height % 2 or width % 2):
                pixels = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
            made = pyav().VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24")
            converted = self._converted(made)
        converted.pts, converted.time_base = frame.pts, self.output.time_base
        converted.duration = frame.duration
        return converted

    def _converted(self, made: Any) -> Any:
        codec, color = self.output.codec, self.output.color
        if not codec.pixels.startswith("yuv"):
            return made.reformat(format=codec.pixels)
        av = pyav()
        flags = av.video.reformatter.Interpolation
        converted = made.reformat(
            format=codec.pixels,
            dst_colorspace=color.matrix,
            src_color_range="JPEG",
            dst_color_range="MPEG",
            interpolation=flags.BICUBIC | flags.ACCURATE_RND | flags.FULL_CHR_H_INP,
        )
        converted.colorspace, converted.color_range = color.matrix, LIMITED_RANGE
        converted.color_primaries, converted.color_trc = color.primaries, color.transfer
        return converted

    def close(self) -> None:
        """Write what is still on its way, and the end of the file.

        Raises:
            UserError: the file cannot be written.
        """
        with writing_errors(self.name):
            self._container.mux(self._stream.encode(None))
            if self.copies is not None:
                self._container.mux(list(self.copies.rest()))
            self._container.close()

    def stop(self, seconds: Fraction) -> None:
        """Close early, at a time of the clip: copy nothing beyond it."""
        with writing_errors(self.name):
            self._container.mux(self._stream.encode(None))
            if self.copies is not None:
                self._container.mux(list(self.copies.until(seconds)))
            self._container.close()


def _muxer_options(container: str) -> dict[str, str]:
    if container in ("mp4", "mov"):
        return {"movflags": "+faststart"}  # players on the web begin before all of it is there
    return {"loop": "0"} if container in ("gif", "webp") else {}
