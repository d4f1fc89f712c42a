"""Real clips through the command line; FASTSTYLE_REAL_DATA says where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from faststyle.infer.command import main
from tests.support.clips import pictures, times

pytest.importorskip("av", reason="the extra `video`")
pytestmark = pytest.mark.real


def test_a_part_of_a_real_clip(real_data: Path, tmp_path: Path) -> None:
    source = real_data / "data" / "video" / "fox.mp4"
    made = tmp_path / "out.mp4"
    options = ["--max-size", "64", "--start", "2", "--end", "3", "--device", "cpu"]
    assert main(["--ckpt", "starry_night", str(source), *options, "--output", str(made)]) == 0
    expected = [time - 2 for time in times(source) if 2 <= time < 3]
    assert times(made) == pytest.approx(expected, abs=1e-4)
    assert pictures(made)[0].shape == (64, 64, 3)


def test_real_frames_become_a_clip(real_data: Path, tmp_path: Path) -> None:
    frames = real_data / "data" / "video" / "sintel_frames"
    made = tmp_path / "out.mp4"
    options = ["--max-size", "96", "--fps", "24", "--device", "cpu"]
    assert main(["--ckpt", "starry_night", str(frames), *options, "--output", str(made)]) == 0
    assert times(made) == [pytest.approx(number / 24, abs=1e-4) for number in range(10)]
    assert pictures(made)[0].shape == (42, 96, 3)  # 41 rows, and one more
