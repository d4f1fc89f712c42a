"""Sound and subtitles, copied from one file into another packet for packet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from faststyle.video.clip import Span
from faststyle.video.library import pyav, reading_errors
from faststyle.video.videos import zero_of

COPIED = ("audio", "subtitle")


class Copies:
    """The streams of a file beside its pictures, on their way into another container.

    Args:
        path: the file that has them.
        span: the part that is copied; its beginning becomes time 0.
    """

    def __init__(self, path: Path, span: Span):
        self.path, self.span = path, span
        self.notes: list[str] = []
        with reading_errors(path):
            self._source = pyav().open(os.fspath(path), metadata_errors="replace")
        self._zero = zero_of(self._source) + span.start
        self._streams: dict[int, Any] = {}
        self._packets: Iterator[Any] = iter(())
        self._waiting: Any = None

    def add_to(self, target: Any, suffix: str) -> None:
        """Add a stream to the open container `target` for each that fits into it."""
        for stream in self._source.streams:
            if stream.type not in COPIED:
                continue
            codec = stream.codec_context.name if stream.codec_context else "unknown"
            try:
                if target.supported_codecs.isdisjoint(codec_names(stream)):
                    raise ValueError
                added = target.add_stream_from_template(stream)
            except ValueError:
                kind = "sound" if stream.type == "audio" else "kind of subtitles"
                self.notes.append(
                    f"{self.path.name}: its {kind} ({codec}) does not fit into {suffix} and is "
                    "left out; .mkv holds any"
                )
                continue
            added.metadata.update({k: v for k, v in stream.metadata.items() if k == "language"})
            added.disposition = stream.disposition
            self._streams[stream.index] = added
        wanted = [self._source.streams[index] for index in self._streams]
        if self.span.start:
            self._source.seek(int(self._zero * pyav().time_base))
        self._packets = self._demux(wanted)

    def until(self, seconds: Fraction) -> Iterator[Any]:
        """The packets up to a time of the result, ready for its container."""
        while True:
            packet = self._waiting or next(self._packets, None)
            self._waiting = packet
            if packet is None or packet.dts * packet.time_base > seconds:
                return
            self._waiting = None
            packet.stream = self._streams[packet.stream_index]
            yield packet

    def rest(self) -> Iterator[Any]:
        """All further packets."""
        while (packet := self._waiting or next(self._packets, None)) is not None:
            self._waiting = None
            packet.stream = self._streams[packet.stream_index]
            yield packet

    def _demux(self, streams: list[Any]) -> Iterator[Any]:
        if not streams:
            return
        try:
            for packet in self._source.demux(streams):
                if packet.dts is None:  # the end of a stream
                    continue
                if packet.pts is None:  # containers such as AVI hold one time only
                    packet.pts = packet.dts
                seconds = packet.pts * packet.time_base - self._zero
                if self.span.start and seconds < 0:
                    continue
                if self.span.end is not None and seconds >= self.span.end - self.span.start:
                    continue
                shift = round(self._zero / packet.time_base)
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                yield packet
        except pyav().error.FFmpegError:  # the file ends here; its frames end here as well
            return

    def close(self) -> None:
        """Close the file."""
        self._source.close()


def codec_names(stream: Any) -> set[str]:
    """FFmpeg's names of a stream's codec; those of its decoders differ from its own."""
    codec = stream.codec
    return set() if codec is None else {codec.name, codec.canonical_name}
