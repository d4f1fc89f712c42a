"""The command infer: bad files, bad usage, exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from faststyle.infer.command import main
from tests.support.commands import one_line
from tests.support.pictures import written


def test_a_bad_photo_among_good_ones_costs_only_itself(infer, here: Path) -> None:
    (here / "bad.jpg").write_text("no photo")
    outcome = infer("bad.jpg", "missing.jpg", "cat.jpg", "--output", "out")
    assert outcome.code == 1
    assert written(here / "out") == {"cat.jpg": (41, 30)}
    assert "not a picture: bad.jpg" in outcome.err
    assert "no such picture: missing.jpg" in outcome.err
    assert "2 of 3 photos failed" in outcome.err


@pytest.mark.parametrize("content", [None, b"", b"no photo"])
def test_only_a_bad_photo_is_one_line(content: bytes | None, infer, here: Path) -> None:
    if content is not None:
        (here / "bad.jpg").write_bytes(content)
    assert "bad.jpg" in one_line(infer("bad.jpg", "--output", "out.png"))
    assert not (here / "out.png").exists()


def test_missing_checkpoint(infer, here: Path) -> None:
    assert "no such checkpoint: nowhere.safetensors" in one_line(
        infer("cat.jpg", ckpt="nowhere.safetensors")
    )
    assert not (here / "stylized").exists()


def test_a_checkpoint_that_is_none(infer, here: Path) -> None:
    assert "cat.jpg: not a readable style checkpoint" in one_line(infer("dog.png", ckpt="cat.jpg"))


def test_unknown_suffix(infer, here: Path) -> None:
    message = one_line(infer("cat.jpg", "--output", "cat.xyz"))
    assert "pictures are written as .jpg, .jpeg, .png" in message


def test_several_photos_need_a_folder(infer, here: Path) -> None:
    assert "2 photos need a folder" in one_line(infer("cat.jpg", "dog.png", "--output", "both.png"))
    (here / "file").write_text("in the way")
    assert "need" in one_line(infer("cat.jpg", "dog.png", "--output", "file"))


def test_unwritable_output(infer, here: Path) -> None:
    (here / "file").write_text("in the way")
    assert "cannot write" in one_line(infer("cat.jpg", "--output", "file/out.png"))


def test_no_photo_and_an_empty_folder(infer, here: Path) -> None:
    assert "no photo given" in one_line(infer())
    (here / "empty").mkdir()
    assert "no pictures in empty" in one_line(infer("empty"))


@pytest.mark.parametrize("device", ["gpu7", "cuda:99"])
def test_a_device_that_is_not_there(device: str, infer, here: Path) -> None:
    message = one_line(infer("cat.jpg", "--device", device))
    assert f"cannot use '{device}'" in message
    assert "auto or cpu" in message


def test_describe(infer, here: Path) -> None:
    outcome = infer("--describe")
    assert outcome.code == 0
    assert "title: A tiny painting" in outcome.out
    assert "width: 4" in outcome.out
    assert "no such checkpoint" in one_line(infer("--describe", ckpt="nowhere.safetensors"))


def test_ckpt_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["cat.jpg"])
    assert stop.value.code == 2
    assert "--ckpt" in capsys.readouterr().err


def test_help_answers_without_importing_torch(tmp_path: Path) -> None:
    program = (
        "import sys, atexit\n"
        "atexit.register(lambda: print('HEAVY', 'torch' in sys.modules))\n"
        "from faststyle.infer.command import main\n"
        "main(['--help'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("HEAVY False")
    text = " ".join(done.stdout.split())  # as wide as the terminal is
    assert "default: stylized/" in text
    assert "default: auto" in text
