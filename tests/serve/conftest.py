"""A server with a tiny style, in a thread of this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from faststyle import Stylizer, load_style
from faststyle.checkpoints.style_checkpoint import write_checkpoint
from faststyle.serve.limits import Limits
from faststyle.serve.server import Server
from faststyle.serve.styles import load_styles
from tests.support.networks import TINY_METADATA, random_net

PAGE = "<!doctype html><title>the page</title>"
QUICK = Limits(max_pixels=20_000, max_bytes=200_000, waiting=30, head_seconds=2, body_seconds=1)


@pytest.fixture(scope="session")
def tiny_style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with both ends, whose metadata has a title and no artist."""
    path = tmp_path_factory.mktemp("served") / "tiny.safetensors"
    write_checkpoint(path, random_net(0), TINY_METADATA, random_net(1))
    return path


@pytest.fixture(scope="session")
def stylizer(tiny_style: Path) -> Stylizer:
    """What paints the pictures that the server's are compared with."""
    return load_style(tiny_style, "cpu")


@contextmanager
def serving(style: Path, limits: Limits = QUICK) -> Iterator[Server]:
    """A server that answers until the end of the block."""
    with Server(0, limits) as server:
        server.open(load_styles([str(style)], "cpu", pytest.fail), PAGE)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def server(tiny_style: Path) -> Iterator[Server]:
    """One for all tests of a file."""
    with serving(tiny_style) as server:
        yield server
