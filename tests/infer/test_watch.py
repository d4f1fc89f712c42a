"""Watching a folder for photos."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from faststyle.infer import watch
from faststyle.infer.tasks import Task
from faststyle.infer.watch import arrivals
from tests.support.commands import one_line, started
from tests.support.pictures import noise_picture

# --- many photos ------------------------------------------------------------------------------


def test_what_arrives_is_painted_once_it_is_complete(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(watch, "POLL_SECONDS", 0.02)
    inbox, output = tmp_path / "in", tmp_path / "out"
    inbox.mkdir()
    output.mkdir()
    noise_picture(0, 8, 8).save(inbox / "before.png")
    (inbox / "notes.txt").write_text("no photo")
    found = arrivals(inbox, output)
    assert [task.photo.name for task in next(found)] == ["before.png"]

    def copy_slowly() -> None:
        data = (inbox / "before.png").read_bytes()
        with (inbox / "slow.png").open("wb", buffering=0) as file:
            for byte in range(0, len(data), 40):
                file.write(data[byte : byte + 40])
                time.sleep(0.01)

    thread = threading.Thread(target=copy_slowly)
    thread.start()
    (task,) = next(found)
    assert task == Task(inbox / "slow.png", output / "slow.png")
    thread.join()
    assert task.photo.stat().st_size == (inbox / "before.png").stat().st_size
    noise_picture(5, 9, 9).save(inbox / "before.png")  # changed: comes again
    assert [task.photo.name for task in next(found)] == ["before.png"]


def test_watch_needs_two_folders(infer, here: Path) -> None:
    assert "no such folder" in one_line(infer("--watch", "nowhere"))
    assert "another folder" in one_line(infer("--watch", ".", "--output", "."))
    assert "leave one out" in one_line(infer("--watch", ".", "cat.jpg"))


# --- files as life has them -------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to another process")
def test_watching_on_the_command_line_until_ctrl_c(here: Path, ckpt: Path) -> None:
    (here / "inbox").mkdir()
    command = ["infer", "--ckpt", str(ckpt), "--device", "cpu"]
    with started(here, *command, "--watch", "inbox", "--output", "out") as running:
        assert running.stdout is not None
        assert "watching inbox" in running.stdout.readline()
        (here / "inbox" / "bad.jpg").write_text("no photo")
        (here / "cat.jpg").rename(here / "inbox" / "cat.jpg")
        deadline = time.monotonic() + 120
        while not (here / "out" / "cat.jpg").is_file():
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 0
    assert "bad.jpg" in err
    assert "Traceback" not in err
