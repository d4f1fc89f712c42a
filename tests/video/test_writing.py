"""What is written is what was given: colors, times, sizes, sound; and a record."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faststyle.errors import UserError
from faststyle.infer.records import record_in
from faststyle.video.clip import Color, Frame, Span
from faststyle.video.copies import Copies
from faststyle.video.formats import CONTAINERS, codec_for, container_of
from faststyle.video.reading import open_clip
from faststyle.video.records import comment_of, sign_animation
from faststyle.video.writing import ClipWriter, Output
from tests.support.clips import (
    MILLISECONDS,
    moving_picture,
    pictures,
    quarters,
    sound_hashes,
    times,
    write_clip,
)

av = pytest.importorskip("av", reason="the extra `video`")


def write(path: Path, frames: list[np.ndarray], pts: list[int], **changes: Any) -> Path:
    height, width = frames[0].shape[:2]
    codec = codec_for(path, changes.pop("codec", None), None)
    copies = changes.pop("copies", None)
    what = {"size": (width, height), "time_base": MILLISECONDS, "rate": Fraction(25)} | changes
    writer = ClipWriter(path, Output(container_of(path), codec, **what), copies, path)
    ends = [*pts[1:], 2 * pts[-1] - pts[-2]]
    for pixels, start, end in zip(frames, pts, ends, strict=True):
        writer.write(Frame(pixels, start, end - start))
    writer.close()
    return path


EVERY = [(suffix, codec) for suffix, (_, codecs) in CONTAINERS.items() for codec in codecs]


@pytest.mark.parametrize(("suffix", "codec"), EVERY)
def test_every_codec_keeps_pictures_and_times(tmp_path: Path, suffix: str, codec: str) -> None:
    frames = [moving_picture(i, 64, 64) for i in range(5)]
    pts = [0, 40, 90, 200, 240]
    given = None if codec in ("gif", "webp") else codec
    path = write(tmp_path / f"a{suffix}", frames, pts, codec=given)
    clip = open_clip(path, Span())
    found = list(clip.frames(clip.size))
    assert [round(frame.pts * clip.time_base * 1000) for frame in found] == pts
    # Encoders that reorder frames, and WebP's, know how long the last is shown only roughly.
    assert abs((found[-1].pts + found[-1].duration) * clip.time_base * 1000 - 280) <= 20
    error = [f.pixels.astype(int) - g for f, g in zip(found, frames, strict=True)]
    # Noise in color is what 4:2:0 and palettes are worst at.
    assert np.sqrt(np.square(error).mean()) < (0.01 if codec == "ffv1" else 14)
    clip.close()


@pytest.mark.parametrize("matrix", [1, 6])
def test_colors_are_encoded_as_they_are_tagged(tmp_path: Path, matrix: int) -> None:
    path = write(tmp_path / "a.mp4", [quarters()] * 2, [0, 40], color=Color(matrix, 1, 1))
    with av.open(str(path)) as clip:
        frame = next(clip.decode(video=0))
        assert (frame.colorspace, frame.color_range) == (matrix, 1)
    clip = open_clip(path, Span())
    assert clip.color.matrix == matrix
    found = next(clip.frames(clip.size)).pixels.astype(int)
    middle = (slice(4, 28), slice(4, 28))
    assert np.abs(found[middle] - quarters()[middle]).mean() < 2
    clip.close()


@pytest.mark.parametrize(("suffix", "size"), [(".mp4", (42, 32)), (".gif", (41, 31))])
def test_odd_sizes(tmp_path: Path, suffix: str, size: tuple[int, int]) -> None:
    frames = [moving_picture(i, 41, 31) for i in range(3)]
    path = write(tmp_path / f"a{suffix}", frames, [0, 40, 80])
    found = pictures(path)
    assert found[0].shape[1::-1] == size
    difference = found[1][:31, :41].astype(int) - frames[1]
    assert np.sqrt(np.square(difference).mean()) < 18


def test_the_shape_of_pixels_is_kept(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", pixel_aspect=Fraction(16, 15))
    clip = open_clip(source, Span())
    assert clip.pixel_aspect == Fraction(16, 15)
    frames = [frame.pixels for frame in clip.frames(clip.size)]
    path = write(
        tmp_path / "b.mp4", frames, list(range(0, 200, 40)), pixel_aspect=clip.pixel_aspect
    )
    with av.open(str(path)) as written:
        assert written.streams.video[0].sample_aspect_ratio == Fraction(16, 15)
    clip.close()


@pytest.mark.parametrize(
    ("source", "sound", "target"),
    [
        *((".mp4", "aac", ".mp4"), (".mkv", "libopus", ".mp4"), (".mp4", "aac", ".mkv")),
        *((".webm", "libopus", ".webm"), (".mov", "aac", ".mov")),
    ],
)
def test_sound_is_copied_packet_for_packet(
    tmp_path: Path, source: str, sound: str, target: str
) -> None:
    codec = "libvpx-vp9" if source == ".webm" else "libx264"
    path = write_clip(tmp_path / f"a{source}", pts=range(0, 1000, 40), codec=codec, sound=sound)
    copies = Copies(path, Span())
    frames = [moving_picture(i) for i in range(25)]
    made = write(tmp_path / f"b{target}", frames, list(range(0, 1000, 40)), copies=copies)
    assert sound_hashes(made) == sound_hashes(path)
    assert len(sound_hashes(path)) > 20
    assert not copies.notes
    copies.close()


def test_a_part_of_the_sound_begins_with_the_pictures(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", pts=range(0, 2000, 40), sound="libopus")
    copies = Copies(path, Span(Fraction(1), Fraction("1.4")))
    frames = [moving_picture(i) for i in range(10)]
    made = write(tmp_path / "b.mkv", frames, list(range(0, 400, 40)), copies=copies)
    whole, part = sound_hashes(path), sound_hashes(made)
    first = whole.index(part[0])
    assert part == whole[first : first + len(part)]
    assert len(part) == 20  # of 20 ms each
    with av.open(str(made)) as clip:
        times = [p.pts * p.time_base for p in clip.demux(audio=0) if p.size]
    assert 0 <= times[0] < Fraction(2, 100)
    copies.close()


def test_sound_that_does_not_fit_is_named(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", sound="aac")
    copies = Copies(path, Span())
    frames = [moving_picture(i) for i in range(5)]
    made = write(tmp_path / "b.webm", frames, list(range(0, 200, 40)), copies=copies)
    (note,) = copies.notes
    assert note == (
        "a.mp4: its sound (aac) does not fit into .webm and is left out; .mkv holds any"
    )
    with av.open(str(made)) as clip:
        assert not clip.streams.audio
    copies.close()


def test_title_and_dates_are_kept_and_the_place_is_dropped(tmp_path: Path) -> None:
    given = {"title": "Tea", "artist": "me", "creation_time": "2020-01-02T03:04:05Z"}
    source = write_clip(tmp_path / "a.mp4", metadata=given | {"location": "+01.0+002.0/"})
    clip = open_clip(source, Span())
    frames = [frame.pixels for frame in clip.frames(clip.size)]
    path = write(
        tmp_path / "b.mp4", frames, times_of(source), metadata=tuple(clip.metadata.items())
    )
    with av.open(str(path)) as written:
        found = written.metadata
    assert (found["title"], found["artist"]) == ("Tea", "me")
    assert found["creation_time"].startswith("2020-01-02T03:04:05")
    assert not any("location" in key for key in found)
    clip.close()


def times_of(path: Path) -> list[int]:
    return [round(1000 * time) for time in times(path)]


RECORD = f"faststyle photo={'a' * 32} recipe={'b' * 32}"


@pytest.mark.parametrize("suffix", CONTAINERS)
def test_the_record_is_found_again(tmp_path: Path, suffix: str) -> None:
    frames = [moving_picture(i) for i in range(3)]
    path = write(tmp_path / f"a{suffix}", frames, [0, 40, 80], record=RECORD)
    sign_animation(path, container_of(path), RECORD)
    assert str(record_in(path)) == RECORD
    assert len(pictures(path) if suffix != ".webp" else frames) == 3
    assert comment_of(tmp_path / "gone.mp4") is None
    (tmp_path / "text.mp4").write_text("text")
    assert record_in(tmp_path / "text.mp4") is None


def test_a_codec_that_a_container_does_not_hold_is_refused() -> None:
    with pytest.raises(UserError, match=r"--video-codec vp9: \.mp4 holds h264, hevc, av1"):
        codec_for(Path("a.mp4"), "vp9", None)
    with pytest.raises(UserError, match="--quality: ffv1 has one quality only"):
        codec_for(Path("a.mkv"), "ffv1", 50)
    with pytest.raises(UserError, match=r"clips are written as \.mp4, .*, not \.avi"):
        codec_for(Path("a.avi"), None, None)


def test_more_quality_takes_more_bytes(tmp_path: Path) -> None:
    frames = [moving_picture(i, 64, 64) for i in range(5)]
    sizes = [
        write(tmp_path / "a.mp4", frames, list(range(0, 200, 40)), quality=q).stat().st_size
        for q in (0, 80, 100)
    ]
    assert sizes[0] < sizes[1] < sizes[2]


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot write .*No such file or directory"):
        write(tmp_path / "gone" / "a.mp4", [quarters()] * 2, [0, 40])
