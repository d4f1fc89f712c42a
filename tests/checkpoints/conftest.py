"""A tiny network, its style checkpoint, and files to damage."""

from __future__ import annotations

from pathlib import Path

import pytest

from faststyle.checkpoints.style_checkpoint import write_checkpoint
from faststyle.networks.transform_net import TransformNet
from scripts.stress.fuzz_checkpoints import originals
from tests.support.networks import TINY_METADATA, tiny_net


@pytest.fixture
def net() -> TransformNet:
    return tiny_net()


@pytest.fixture
def checkpoint(net: TransformNet, tmp_path: Path) -> Path:
    path = tmp_path / "tiny.safetensors"
    write_checkpoint(path, net, TINY_METADATA)
    return path


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """tiny.safetensors, tiny.ckpt, new.pth and old.pth, all good."""
    return {path.name: path for path in originals(tmp_path, None)}


@pytest.fixture
def style(files: dict[str, Path]) -> Path:
    return files["tiny.safetensors"]
