"""The command line: styles, page and port, and the end by Ctrl-C."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from faststyle.checkpoints.style_checkpoint import write_checkpoint
from faststyle.serve import command
from faststyle.serve.server import Server
from tests.support.commands import Outcome, in_process, one_line
from tests.support.http import exchange, request
from tests.support.networks import TINY_METADATA, TINY_NETWORK, random_net
from tests.support.pictures import noise_picture

Run = Callable[..., Outcome]


@pytest.fixture
def run(
    tiny_style: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """The command line, in a folder with tiny.safetensors; Ctrl-C comes once it would serve."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(tiny_style, "tiny.safetensors")

    def stop(server: Server) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Server, "serve_forever", stop)

    def run(*arguments: object) -> Outcome:
        given = ["--port", "0", *map(str, arguments)]
        return in_process("serve", lambda: command.main(given), capsys)

    return run


def test_it_says_where_the_page_is_and_that_it_stopped(run: Run) -> None:
    outcome = run("--ckpt", "tiny.safetensors")
    assert (outcome.code, outcome.err) == (0, "serve: stopped\n")
    assert re.fullmatch(
        r"http://127\.0\.0\.1:\d+/ paints in 1 style; Ctrl-C stops it\n", outcome.out
    )


def test_a_port_that_is_taken(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        message = one_line(run("--port", port, "--ckpt", "tiny.safetensors"))
    assert f"--port: cannot listen on {port}: another program has it; give another" in message


def test_mistakes_on_the_command_line(run: Run) -> None:
    for port in ("-1", "65536", "1.5", "http", "9" * 5000):
        assert "argument --port: " in one_line(run(f"--port={port}"))
    assert "--max-pixels: '0' is not a number of pixels" in one_line(run("--max-pixels", 0))
    assert "no such checkpoint: tinny" in one_line(run("--ckpt", "tinny"))
    assert "device: cannot use 'gpu'" in one_line(
        run("--device", "gpu", "--ckpt", "tiny.safetensors")
    )
    Path("broken.safetensors").write_text("hello")
    assert "broken.safetensors: not a" in one_line(run("--ckpt", "broken.safetensors"))
    Path("other").mkdir()
    shutil.copy("tiny.safetensors", "other")
    twice = one_line(run("--ckpt", "tiny.safetensors", "other/tiny.safetensors"))
    assert "tiny.safetensors and other/tiny.safetensors are both named tiny" in twice


def test_a_broken_style_among_all_is_left_out(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("broken.safetensors").write_text("hello")
    styles = {name: tmp_path / f"{name}.safetensors" for name in ("broken", "tiny")}
    monkeypatch.setattr("faststyle.serve.styles.available_styles", lambda: styles)
    outcome = run()
    assert outcome.code == 0
    assert "paints in 1 style;" in outcome.out
    assert outcome.err.startswith("serve: left out: ")
    assert outcome.err.count("\n") == 2
    monkeypatch.setattr("faststyle.serve.styles.available_styles", dict)
    assert "no styles here; give one with --ckpt" in one_line(run())


def test_a_network_that_the_page_does_not_paint(run: Run) -> None:
    other = {**TINY_NETWORK, "padding": "zero"}
    net = random_net(0, padding="zero")
    write_checkpoint(Path("zero.safetensors"), net, {**TINY_METADATA, "network": other})
    for given in (["zero.safetensors"], ["zero.safetensors", "tiny.safetensors"]):
        outcome = run("--ckpt", *given)
        assert outcome.code == 0
        said = "serve: only through POST /paint, not on the page: zero\nserve: stopped\n"
        assert outcome.err == said


def test_help_does_not_wait_for_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from faststyle.serve.command import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("\nFalse\n")


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is another thing there")
def test_in_a_process_of_its_own(tiny_style: Path, tmp_path: Path) -> None:
    """From the address to a picture and Ctrl-C."""
    noise_picture(0).save(tmp_path / "photo.png")
    arguments = ["--port", "0", "--ckpt", str(tiny_style), "--device", "cpu"]
    with subprocess.Popen(
        [sys.executable, "-m", "faststyle.serve", *arguments],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            address = process.stdout.readline()
            port = int(address.split("/")[2].split(":")[1])
            page = exchange(port, request("GET", "/"))
            assert page.body.startswith(b"<!doctype html>")
            assert b"default-src &#x27;none" in page.body or b"default-src 'none'" in page.body
            body = (tmp_path / "photo.png").read_bytes()
            painted = exchange(port, request("POST", "/paint?style=tiny", body))
            assert painted.picture.size == noise_picture(0).size
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, err) == (0, "serve: stopped\n")
    assert re.fullmatch(r"tiny: \d+\.\d s\n", out)
    assert time.monotonic() - began < 20
