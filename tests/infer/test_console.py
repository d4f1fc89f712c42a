"""What commands print reaches every console, or ends quietly where nobody reads it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from faststyle.errors import UserError, exit_on_user_error, print_any_name, visible
from tests.support.pictures import noise_picture, written


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8:strict"])
def test_names_that_the_console_cannot_show(encoding: str, here: Path, ckpt: Path) -> None:
    """Each is stylized, and so are the photos after it."""
    names = [os.fsencode("a \u043b\u0435\u0442\u043e.png"), b"b caf\xe9.png", b"c.png"]
    (here / "in").mkdir()
    picture = io.BytesIO()
    noise_picture(0, 12, 9).save(picture, "png")
    for name in names:
        (here / "in" / os.fsdecode(name)).write_bytes(picture.getvalue())
    (here / "in" / os.fsdecode(b"d caf\xe9.png")).write_text("no photo")
    done = subprocess.run(
        [sys.executable, "-m", "infer", "--ckpt", ckpt, "--device", "cpu", "in", "--output", "out"],
        cwd=here,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert b"Traceback" not in done.stderr
    assert rb"d caf\udce9.png" in done.stderr
    assert rb"b caf\udce9.png" in done.stdout
    assert {os.fsencode(name) for name in written(here / "out")} == set(names)


@pytest.mark.parametrize(
    "command",
    [
        ["infer", "--list"],
        ["infer", "--ckpt", "starry_night", "--describe"],
    ],
    ids=" ".join,
)
def test_a_pipe_that_nobody_reads(command: list[str], here: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=here,
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert done.returncode == 141
    assert done.stderr == b""


def test_a_pipe_that_closes_while_photos_are_stylized(here: Path, ckpt: Path) -> None:
    """What is there is whole."""
    for number in range(6):
        noise_picture(number, 20, 20).save(here / f"photo_{number}.png")
    command = ["-m", "infer", "--ckpt", str(ckpt), "--device", "cpu", ".", "--output", "out"]
    with subprocess.Popen(
        [sys.executable, *command], cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        running.stdout.close()
        _, err = running.communicate(timeout=120)
    assert (running.returncode, err) == (141, b"")
    results = written(here / "out")
    assert results
    assert not [name for name in os.listdir(here / "out") if name not in results]


def test_another_pipe_is_a_bug() -> None:
    with pytest.raises(BrokenPipeError), exit_on_user_error("test"):
        raise BrokenPipeError


def test_a_name_cannot_break_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), exit_on_user_error("test"):
        raise UserError("not a picture: a\nb\x1b[31m.jpg")
    assert capsys.readouterr().err == "test: not a picture: a\\nb\\x1b[31m.jpg\n"
    assert visible("лето é") == "лето é"


def test_a_console_that_takes_any_bytes_gets_names_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", errors="surrogateescape") for _ in range(2)]
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    print_any_name()
    streams[0].write("caf\udce9")
    streams[0].flush()
    buffer = streams[0].buffer
    assert isinstance(buffer, io.BytesIO)
    assert buffer.getvalue() == b"caf\xe9"
