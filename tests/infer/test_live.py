"""A camera, played by a file: frames are dropped rather than delayed, the size adapts."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path

import pytest

from faststyle.infer import frames as frames_of_infer
from faststyle.infer.live import StylizedSize, stream_address
from faststyle.video.camera import Camera
from tests.support.clips import moving_picture, pictures, times, write_clip
from tests.support.commands import one_line

pytest.importorskip("av", reason="the extra `video`")


def test_the_size_follows_what_the_machine_can_do() -> None:
    size = StylizedSize((1280, 720), Fraction(10))
    for seconds_per_pixel in (1e-6, 4e-7):
        for _ in range(30):
            size.took(seconds_per_pixel * size.now[0] * size.now[1])
        expected = seconds_per_pixel * size.now[0] * size.now[1]
        assert 0.05 < expected <= 0.1
        assert size.now[0] / size.now[1] == pytest.approx(16 / 9, rel=0.02)
    for _ in range(30):
        size.took(1e-4)
    assert size.now == (1280, 720)
    for _ in range(30):
        size.took(10.0)
    assert max(size.now) == 64


def test_frames_that_come_too_late_are_dropped(tmp_path: Path) -> None:
    frames = [moving_picture(i) for i in range(20)]
    camera = Camera(str(write_clip(tmp_path / "a.mp4", frames=frames, pts=range(0, 800, 40))))
    taken = []
    while (found := camera.latest((48, 32))) is not None:
        taken.append((found[1], time.monotonic()))
        time.sleep(0.2)
    camera.close()
    assert 2 <= len(taken) <= 6
    assert camera.dropped == 20 - len(taken)
    # Each was new when it was taken: nothing piles up.
    delays = [wall - seconds for seconds, wall in taken]
    assert max(delays) - min(delays) < 0.3


def test_a_camera_into_a_file(infer, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stylize = frames_of_infer.FramePainter.__call__

    def slow(self, pixels):
        time.sleep(0.1)
        return stylize(self, pixels)

    monkeypatch.setattr(frames_of_infer.FramePainter, "__call__", slow)
    frames = [moving_picture(i, 128, 96) for i in range(25)]
    write_clip(here / "seen.mp4", frames=frames, pts=range(0, 1000, 40))
    outcome = infer("--camera", "seen.mp4", "--fps", "20", "--output", "out.mp4")
    assert outcome.code == 0, outcome.err
    assert outcome.out == "out.mp4\n"
    found = pictures(Path("out.mp4"))
    assert 2 <= len(found) <= 11
    assert found[0].shape == (96, 128, 3)  # whatever size it was stylized at
    assert "in the end stylized at 64 x 48 of 128 x 96" in outcome.err
    assert times(Path("out.mp4"))[-1] < 1.5
    assert "out.mp4 exists" in one_line(infer("--camera", "seen.mp4", "--output", "out.mp4"))


def test_a_window_needs_a_screen(infer, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    tkinter = pytest.importorskip("tkinter", reason="this Python has no tkinter")
    monkeypatch.setattr(tkinter, "Tk", _no_screen(tkinter))
    write_clip(here / "seen.mp4")
    assert "no window can be shown here" in one_line(infer("--camera", "seen.mp4"))


def _no_screen(tkinter):
    def refuse():
        raise tkinter.TclError("no display name")

    return refuse


def test_addresses_of_streams() -> None:
    assert stream_address(Path("udp://127.0.0.1:1234")) == ("udp://127.0.0.1:1234", "mpegts")
    assert stream_address(Path("rtmp://host/live/key")) == ("rtmp://host/live/key", "flv")
    assert stream_address(Path("folder/out.mp4")) is None
