"""Clips through the command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faststyle import load_style
from faststyle.infer import frames as frames_of_infer
from faststyle.infer.records import record_in
from tests.support.clips import (
    moving_picture,
    pictures,
    sound_hashes,
    times,
    write_clip,
    write_sound,
)
from tests.support.commands import one_line
from tests.support.pictures import noise_picture

pytest.importorskip("av", reason="the extra `video`")


def test_every_frame_is_stylized_as_a_photo_would_be(infer, here: Path, ckpt: Path) -> None:
    write_clip(here / "clip.mkv", codec="ffv1", sound="libopus")
    outcome = infer("clip.mkv", "--video-codec", "ffv1", "--steady", "0", "--output", "out.mkv")
    assert outcome.code == 0, outcome.err
    assert outcome.out == "out.mkv\n"
    assert "clip.mkv: 5 frames in" in outcome.err
    style = load_style(ckpt, "cpu")
    for number, found in enumerate(pictures(Path("out.mkv"))):
        expected = np.asarray(style(Image.fromarray(moving_picture(number))))
        assert np.abs(found.astype(int) - expected).max() <= 1
    assert times(Path("out.mkv")) == times(Path("clip.mkv"))
    assert sound_hashes(Path("out.mkv")) == sound_hashes(Path("clip.mkv"))


def test_photos_and_clips_in_one_folder(infer, here: Path) -> None:
    write_clip(here / "film.mp4")
    write_clip(here / "old.avi", codec="mpeg4")
    images = [Image.fromarray(moving_picture(i)) for i in range(3)]
    images[0].save("dance.gif", save_all=True, append_images=images[1:], duration=50)
    write_sound(here / "song.mp4")
    outcome = infer(".", "--output", "out")
    assert outcome.code == 1
    assert "song.mp4: only sound in it; a clip needs a video stream; skipped" in outcome.err
    made = {path.name for path in (here / "out").iterdir()}
    assert made == {"cat.jpg", "dog.png", "film.mp4", "old.mp4", "dance.gif"}
    assert [len(pictures(here / "out" / name)) for name in ("film.mp4", "dance.gif")] == [5, 3]


def test_results_are_recognized(infer, here: Path) -> None:
    write_clip(here / "film.mp4")
    arguments = ("film.mp4", "--output", "out")
    assert infer(*arguments).code == 0
    before = Path("out/film.mp4").stat().st_mtime_ns
    assert "1 of 1 are there already" in infer(*arguments, "--skip-existing").out
    assert infer(*arguments, "--skip-existing", "--quality", "30").code == 0
    assert Path("out/film.mp4").stat().st_mtime_ns == before
    assert {path.name for path in Path("out").iterdir()} == {"film.mp4", "film_2.mp4"}
    # Photos and results side by side: results are not stylized again.
    assert infer("film.mp4", "--output", ".").code == 0
    assert infer(".", "--output", ".").code == 0
    assert not Path("film_2_2.mp4").exists()


def test_a_named_file_is_replaced_only_if_it_is_a_result_of_the_clip(infer, here: Path) -> None:
    write_clip(here / "film.mp4")
    shutil.copy("film.mp4", "mine.mp4")
    refused = one_line(infer("film.mp4", "--output", "mine.mp4"))
    assert "exists and is not a result of film.mp4" in refused
    assert infer("film.mp4", "--output", "new.mp4").code == 0
    assert infer("film.mp4", "--output", "new.mp4", "--strength", "0.5").code == 0
    assert "the photo itself" in one_line(infer("film.mp4", "--output", "film.mp4"))


def test_options_change_every_frame(infer, here: Path, ckpt: Path) -> None:
    write_clip(here / "film.mkv", codec="ffv1")
    mask = Image.new("L", (48, 32), 0)
    mask.paste(255, (24, 0, 48, 32))
    mask.save("mask.png")
    look = ("--strength", "0.5,1", "--mask", "mask.png", "--feather", "0", "--max-size", "24")
    options = (*look, "--keep-color", "--video-codec", "ffv1")
    outcome = infer("film.mkv", *options, "--output", "out.mkv")
    assert outcome.code == 0, outcome.err
    (first, *_) = pictures(Path("out.mkv"))
    assert first.shape == (16, 2 * 24 + 1, 3)
    small = np.asarray(
        Image.fromarray(moving_picture(0)).resize((24, 16), Image.Resampling.LANCZOS)
    )
    left = np.abs(first[:, :10].astype(int) - small[:, :10])
    assert left.mean() < 6  # the scalers of FFmpeg and Pillow differ a little
    assert np.abs(first[:, 14:24].astype(int) - small[:, 14:24]).mean() > 2 * left.mean()


def test_a_part_at_another_rate(infer, here: Path) -> None:
    write_clip(here / "film.mp4", pts=range(0, 1000, 40))
    part = ("--start", "0.2", "--end", "0:00.6", "--fps", "10")
    assert infer("film.mp4", *part, "--output", "out.mp4").code == 0
    assert [float(t) for t in times(Path("out.mp4"))] == [0.0, 0.1, 0.2, 0.3]


def test_pictures_become_a_clip(infer, here: Path) -> None:
    (here / "in").mkdir()
    for number in (1, 2, 10):
        noise_picture(number, 24, 16).save(here / "in" / f"frame_{number}.png")
    for given in ("in", "in/frame_%d.png", "in/*.png"):
        outcome = infer(given, "--fps", "5", "--output", "out.mkv", "--video-codec", "ffv1")
        assert outcome.code == 0, outcome.err
        assert [float(t) for t in times(Path("out.mkv"))] == [0.0, 0.2, 0.4]
        first, _, last = pictures(Path("out.mkv"))
    assert infer("in/frame_10.png", "--output", "last.png").code == 0
    with Image.open("last.png") as image:
        assert np.abs(np.asarray(image).astype(int) - last).max() <= 1
    assert not np.array_equal(first, last)
    assert "no file matches in/no_%d.png" in one_line(infer("in/no_%d.png", "--output", "o.mp4"))


def test_equal_frames_are_stylized_once(infer, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    stylize = frames_of_infer.FramePainter._stylize

    def counted(self, frame, strength):
        calls.append(strength)
        return stylize(self, frame, strength)

    monkeypatch.setattr(frames_of_infer.FramePainter, "_stylize", counted)
    frames = [moving_picture(number) for number in (0, 0, 0, 1, 1)]
    write_clip(here / "film.mkv", frames=frames, codec="ffv1")
    assert infer("film.mkv", "--output", "out.mkv").code == 0
    assert len(calls) == 2
    assert len(pictures(Path("out.mkv"))) == 5


def interrupt_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Ctrl-C pressed while a frame is stylized."""
    seen = []
    stylize = frames_of_infer.FramePainter.__call__

    def interrupted(self, pixels):
        seen.append(1)
        if len(seen) > count:
            raise KeyboardInterrupt
        return stylize(self, pixels)

    monkeypatch.setattr(frames_of_infer.FramePainter, "__call__", interrupted)


def test_ctrl_c_keeps_what_is_done(infer, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_clip(here / "film.mp4", pts=range(0, 1000, 40), sound="aac")
    with monkeypatch.context() as patch:
        interrupt_after(10, patch)
        outcome = infer("film.mp4", "--output", "out.mp4")
    assert outcome.code == 130
    assert outcome.err == ("infer: interrupted; the first 10 frames, 0.40 s, are in out_part.mp4\n")
    assert len(pictures(Path("out_part.mp4"))) == 10
    kept = sound_hashes(Path("out_part.mp4"))
    assert kept == sound_hashes(Path("film.mp4"))[: len(kept)]
    assert 15 <= len(kept) <= 20  # of 21 ms each
    assert record_in(Path("out_part.mp4")) is not None
    assert not Path("out.mp4").exists()
    # What was kept does not count as the result.
    assert infer("film.mp4", "--output", "out.mp4", "--skip-existing").code == 0
    assert len(pictures(Path("out.mp4"))) == 25
    assert not [path for path in here.iterdir() if path.name.endswith(".partial")]


def test_nothing_is_left_where_nothing_was_done(
    infer, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_clip(here / "film.mp4")
    interrupt_after(0, monkeypatch)
    before = set(here.iterdir())
    assert infer("film.mp4", "--output", "out.mp4").code == 130
    assert set(here.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("film.mp4", "--output", "out.png"), "clips are written as .mp4"),
        (("film.mp4", "--output", "out.avi"), "clips are written as .mp4"),
        (("cat.jpg", "--output", "out.mp4"), "pictures are written as .jpg"),
        (("cat.jpg", "film.mp4", "--output", "out.mp4"), "2 photos need a folder"),
        (("cat.jpg", "--fps", "12"), "--fps is for clips, and no clip is given"),
        (("film.mp4", "--start", "2", "--end", "1"), "--end must be later than --start"),
        (("film.mp4", "--start", "x"), "'x' is not a time such as 12.5 or 1:02:03"),
        (("film.mp4", "--start", "9"), "--start 9 is beyond its 0.20 s"),
        (("film.mp4", "--fps", "0"), "'0' is not above 0 and at most 1000"),
        (("film.mp4", "--fps", "1/0"), "'1/0' is not above 0"),
        (("film.mp4", "--video-codec", "h265"), "'h265' is not one of h264, hevc"),
        (("film.mp4", "--video-codec", "vp9"), ".mp4 holds h264, hevc, av1"),
        (("film.mp4", "--mask", "alpha"), "has no alpha channel"),
        (("--camera", "0", "cat.jpg"), "--camera 0 takes no photos beside it"),
        (("--camera", "0", "--skip-existing"), "--camera 0 takes no --skip-existing"),
        (("--camera", "0", "--strength", "0,1"), "takes one --strength"),
        (("--camera", "no.mp4", "--output", "o.mp4"), "--camera no.mp4: cannot be opened"),
    ],
)
def test_what_makes_no_sense_is_refused(
    infer, here: Path, arguments: tuple[str, ...], message: str
) -> None:
    write_clip(here / "film.mp4")
    before = set(here.iterdir())
    assert message in one_line(infer(*arguments))
    assert set(here.iterdir()) == before


def test_without_pyav_one_line_names_what_to_install(
    infer, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_clip(here / "film.mp4")
    for module in ("clip_options", "tasks"):
        monkeypatch.setattr(f"faststyle.infer.{module}.is_installed", lambda: False)
    assert 'pip install -e ".[video]"' in one_line(infer("film.mp4", "--output", "out.mp4"))
    outcome = infer(".", "--output", "out")
    assert outcome.code == 0
    assert "1 clip left out: clips need PyAV" in outcome.err
    assert {path.name for path in Path("out").iterdir()} == {"cat.jpg", "dog.png"}


def test_photos_are_stylized_without_importing_pyav(here: Path, ckpt: Path) -> None:
    code = (
        "import sys; from faststyle.infer.command import main\n"
        "code = main(sys.argv[1:])\n"
        "print(code, 'av' in sys.modules)"
    )
    arguments = ["--ckpt", str(ckpt), "--device", "cpu", "cat.jpg", "--output", "out.png"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "0 False"
