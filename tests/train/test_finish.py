"""The report at the end of a run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from faststyle.config.train import TrainConfig
from faststyle.files.paths import SAMPLE_PHOTO
from faststyle.rendering.stylizer import load_style
from faststyle.train.run import train

MakeConfig = Callable[..., TrainConfig]


# --- variants ---------------------------------------------------------------------------------


def test_skipped_photos_are_counted_and_named(
    make_config: MakeConfig, photo_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(3):
        (folder / f"bad_{i}.jpg").write_bytes(b"no photo")
        (folder / f"good_{i}.png").write_bytes((photo_dir / f"photo_{i}.png").read_bytes())
    settings = (f"data.path={folder}", "data.max_bad_share=1", "trainer.max_steps=4")
    train(make_config("data=folder", *settings), tmp_path / "run", None)
    report = capsys.readouterr().err
    assert "3 photos could not be used" in report
    listed = (tmp_path / "run" / "skipped.txt").read_text().splitlines()
    assert [f"bad_{i}.jpg" in line for i, line in enumerate(listed)] == [True] * 3


# --- the report -------------------------------------------------------------------------------


def test_the_report_ends_with_a_picture_and_three_things_to_try(
    make_config: MakeConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    final = train(make_config(), tmp_path / "run", None)
    where, title, *lines = capsys.readouterr().out.splitlines()[-8:]
    picture = tmp_path / "run" / "landscape.jpg"
    assert str(final) in where
    assert str(picture) in where
    with Image.open(picture) as painted, Image.open(SAMPLE_PHOTO) as photo:
        assert painted.size == photo.size
    assert title == "Next:"
    commands = [line.strip() for line in lines[::2]]
    assert commands[0] == f"python -m infer --ckpt {final} photo.jpg"
    assert commands[1].startswith("tensorboard --logdir ")
    assert f"init_from={final}" in commands[2]


def test_the_report_gives_what_viewers_miss(
    make_config: MakeConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(make_config(), tmp_path / "run", None)
    printed = re.search(
        r"Strokes in flat areas have (\d+\.\d\d) of .* grids have (\d+)%", capsys.readouterr().out
    )
    assert printed is not None
    assert float(printed[1]) > 0
    assert 0 <= int(printed[2]) <= 100


def test_the_report_gives_equivalent_iterations_and_their_cost(
    make_config: MakeConfig,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Two steps of a tiny network leave no time for it; give it some.
    monkeypatch.setattr("faststyle.train.finish.YARDSTICK_SHARE", 1000.0)
    final = train(make_config("trainer.yardstick=true"), tmp_path / "run", None)
    printed = re.search(r"worth (>?[\d.]+) L-BFGS iterations \(\d+ s", capsys.readouterr().out)
    assert printed is not None
    recorded = load_style(final).metadata["metrics"]["equivalent_lbfgs_iterations"]
    assert recorded == printed[1]
