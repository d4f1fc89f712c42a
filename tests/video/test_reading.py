"""Frames of clips of every kind: their pixels, times and way up; what is refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from faststyle.errors import UserError
from faststyle.video.clip import Frame, Span
from faststyle.video.reading import open_clip
from tests.support.clips import (
    COLORS,
    MILLISECONDS,
    moving_picture,
    quarters,
    times,
    write_clip,
    write_encoded,
    write_sound,
)
from tests.support.pictures import noise_picture

pytest.importorskip("av", reason="the extra `video`")


def read(path: Path, span: Span | None = None, pictures: tuple[Path, ...] = ()) -> list[Frame]:
    clip = open_clip(path, span or Span(), pictures)
    try:
        return list(clip.frames(clip.size))
    finally:
        clip.close()


def at_quarters(pixels: np.ndarray) -> np.ndarray:
    """The levels in the middle of each quarter, (4, 3)."""
    height, width = pixels.shape[:2]
    rows, columns = (height // 4, 3 * height // 4), (width // 4, 3 * width // 4)
    return np.array([pixels[y, x] for y in rows for x in columns], dtype=int)


@pytest.mark.parametrize("pts", [range(0, 400, 40), [0, 1, 33, 34, 500, 1777]])
def test_times_are_those_of_the_file(tmp_path: Path, pts: list[int]) -> None:
    path = write_clip(tmp_path / "a.mp4", pts=pts, time_base=Fraction(1, 90000))
    clip = open_clip(path, Span())
    frames = list(clip.frames(clip.size))
    assert [frame.pts * clip.time_base for frame in frames] == times(path)
    assert [frame.pts * clip.time_base for frame in frames] == [Fraction(p, 90000) for p in pts]
    ends = [frame.pts + frame.duration for frame in frames]
    assert ends[:-1] == [frame.pts for frame in frames[1:]]
    assert clip.num_frames == len(pts)
    clip.close()


@pytest.mark.parametrize(
    ("turned", "corners"),
    [(90, (1, 3, 0, 2)), (-90, (2, 0, 3, 1)), (180, (3, 2, 1, 0)), (0, (0, 1, 2, 3))],
)
def test_frames_come_upright(tmp_path: Path, turned: int, corners: tuple[int, ...]) -> None:
    path = write_clip(tmp_path / "a.mp4", frames=[quarters(64, 32)] * 2, pts=[0, 40], turned=turned)
    clip = open_clip(path, Span(Fraction(0)))
    (frame, _) = clip.frames(clip.size)
    assert clip.size == ((32, 64) if turned in (90, -90) else (64, 32))
    wanted = np.array([COLORS[index] for index in corners])
    assert np.abs(at_quarters(frame.pixels) - wanted).max() < 16
    clip.close()


# The luma weights of red and blue: ITU-T H.273, MatrixCoefficients 1 and 6.
WEIGHTS = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 2: (0.299, 0.114)}


def encoded(matrix: int, full: bool, bits: int) -> list[np.ndarray]:
    """COLORS as Y, Cb and Cr by H.273, equations 24 to 38; 4:2:0."""
    red, blue = WEIGHTS[matrix]
    r, g, b = np.moveaxis(quarters() / 255, 2, 0)
    luma = red * r + (1 - red - blue) * g + blue * b
    chroma = [(b - luma) / (2 - 2 * blue), (r - luma) / (2 - 2 * red)]
    top, step = 2**bits - 1, 2 ** (bits - 8)
    if full:
        planes = [luma * top, *(c * top + (top + 1) / 2 for c in chroma)]
    else:
        planes = [step * (219 * luma + 16), *(step * (224 * c + 128) for c in chroma)]
    planes[1:] = [plane[::2, ::2] for plane in planes[1:]]
    return [plane.round().astype(np.uint8 if bits == 8 else "<u2") for plane in planes]


@pytest.mark.parametrize("matrix", WEIGHTS)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("bits", [8, 10])
def test_colors_are_decoded_as_the_file_is_tagged(
    tmp_path: Path, matrix: int, full: bool, bits: int
) -> None:
    pixels = "yuv420p" if bits == 8 else "yuv420p10le"
    planes = encoded(matrix, full, bits)
    path = write_encoded(tmp_path / "a.mp4", planes, pixels, matrix=matrix, limits=2 if full else 1)
    (frame,) = read(path)
    assert np.abs(at_quarters(frame.pixels) - COLORS).max() <= 1


def test_hdr_is_brought_into_the_range_of_plain_screens(tmp_path: Path) -> None:
    luma = np.repeat(np.array([300, 450, 600, 750], "<u2"), 16)[None].repeat(64, axis=0)
    gray = [luma, *[np.full((32, 32), 512, "<u2")] * 2]
    path = write_encoded(
        tmp_path / "a.mp4", gray, "yuv420p10le", matrix=9, transfer=16, primaries=9
    )
    clip = open_clip(path, Span())
    (frame,) = clip.frames(clip.size)
    assert clip.notes == ["a.mp4: HDR, brought into the range of plain screens"]
    assert (clip.color.matrix, clip.color.primaries, clip.color.transfer) == (1, 1, 1)
    assert np.ptp(frame.pixels.astype(int), axis=2).max() <= 2  # gray stays gray
    levels = frame.pixels[32, 8::16, 1].astype(int)
    # Brighter stays brighter, and what is far brighter than paper keeps its detail.
    assert (np.diff(levels) > 10).all()
    assert levels[-1] < 250
    clip.close()


def test_a_part(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", pts=range(0, 400, 40))
    span = Span(Fraction("0.1"), Fraction("0.3"))
    clip = open_clip(path, span)
    frames = list(clip.frames(clip.size))
    assert [frame.pts * clip.time_base for frame in frames] == [
        Fraction(t, 1000) for t in (20, 60, 100, 140, 180)
    ]
    assert frames[-1].duration * clip.time_base == Fraction(20, 1000)
    whole = read(path)
    assert np.array_equal(frames[0].pixels, whole[3].pixels)
    with pytest.raises(UserError, match=r"--start 5 is beyond its 0\.40 s"):
        open_clip(path, Span(Fraction(5)))
    clip.close()


def test_another_frame_rate_shows_what_is_shown_then(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", pts=[0, 100, 130, 400], time_base=MILLISECONDS)
    whole = read(path)
    clip = open_clip(path, Span(fps=Fraction(10)))
    frames = list(clip.frames(clip.size))
    shown = [0, 1, 2, 2, 3]
    assert clip.time_base == Fraction(1, 10)
    assert [frame.pts for frame in frames] == [0, 1, 2, 3, 4]
    assert all(
        np.array_equal(f.pixels, whole[i].pixels) for f, i in zip(frames, shown, strict=True)
    )
    clip.close()


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_animations(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    images = [Image.fromarray(moving_picture(i)) for i in range(3)]
    lossless: dict[str, Any] = {"lossless": True} if suffix == ".webp" else {}
    images[0].save(path, save_all=True, append_images=images[1:], duration=[70, 0, 200], **lossless)
    clip = open_clip(path, Span())
    frames = list(clip.frames(clip.size))
    shown = [(frame.pts, frame.duration) for frame in frames]
    assert shown == [(0, 70), (70, 100), (170, 200)]  # 0 is shown as browsers do
    difference = np.abs(frames[1].pixels.astype(int) - moving_picture(1))
    assert difference.mean() < (0.01 if lossless else 12)


def test_transparent_parts_of_an_animation_are_white(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    images = [Image.new("RGBA", (8, 8), (255, 0, 0, alpha)) for alpha in (0, 255)]
    images[0].save(path, save_all=True, append_images=images[1:], duration=50, lossless=True)
    first, second = read(path)
    assert (first.pixels == 255).all()
    assert (second.pixels == (255, 0, 0)).all()


def test_pictures_as_frames(tmp_path: Path) -> None:
    paths = []
    for number in range(3):
        paths.append(tmp_path / f"{number}.png")
        noise_picture(number, 20, 10).save(paths[-1])
    paths[1].write_text("not a picture")
    clip = open_clip(paths[0], Span(fps=Fraction(12)), paths)
    frames = list(clip.frames(clip.size))
    assert clip.rate == 12
    assert [frame.pts for frame in frames] == [0, 2]
    assert np.array_equal(frames[1].pixels, np.asarray(noise_picture(2, 20, 10)))
    assert clip.notes == [f"{tmp_path}: a picture that cannot be read left out"]


def test_a_broken_frame_costs_itself(tmp_path: Path) -> None:
    import av

    path = write_clip(tmp_path / "a.mp4", pts=range(0, 400, 40), encoder={"g": "1"})
    with av.open(str(path)) as clip:
        at = [(packet.pos, packet.size) for packet in clip.demux(video=0) if packet.size]
    damaged = bytearray(path.read_bytes())
    begin, size = at[4]
    assert begin is not None
    damaged[begin : begin + size] = b"\xff" * size
    path.write_bytes(damaged)
    clip = open_clip(path, Span())
    frames = list(clip.frames(clip.size))
    assert [frame.pts * clip.time_base for frame in frames] == [
        Fraction(t, 1000) for t in range(0, 400, 40) if t != 160
    ]
    assert clip.notes == ["a.mp4: a broken frame left out"]
    clip.close()


def test_what_is_not_a_clip_is_refused_in_one_line(tmp_path: Path) -> None:
    import av

    (tmp_path / "text.mp4").write_text("hello " * 100)
    (tmp_path / "empty.mp4").touch()
    write_sound(tmp_path / "song.mp4")
    with av.open(str(tmp_path / "none.mp4"), "w") as clip:
        stream = clip.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        clip.start_encoding()
    whole = write_clip(tmp_path / "a.mp4", pts=range(0, 4000, 40), muxer={"movflags": "faststart"})
    content = whole.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(content[: len(content) * 2 // 3])
    (tmp_path / "head.mp4").write_bytes(content[:300])
    for name, message in {
        "text.mp4": "not a clip, or damaged beyond reading",
        "empty.mp4": "an empty file",
        "song.mp4": "only sound in it; a clip needs a video stream",
        "none.mp4": "no pictures in it",
        "gone.mp4": "no such file",
        "head.mp4": "no pictures in it",
        "cut.mp4": r"cut short, its frames end at \d\.\d\d s of 4\.00 s; --end [\d.]+ stylizes",
    }.items():
        with pytest.raises(UserError, match=message) as caught:
            read(tmp_path / name)
        assert "\n" not in str(caught.value)
    assert len(read(tmp_path / "cut.mp4", Span(end=Fraction(1)))) == 25


def test_a_matroska_file_that_is_cut_short_is_noticed_at_its_end(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "a.mkv", pts=range(0, 8000, 40))
    (tmp_path / "cut.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(UserError, match=r"cut short, its frames end at .* of 8\.\d\d s"):
        read(tmp_path / "cut.mkv")
