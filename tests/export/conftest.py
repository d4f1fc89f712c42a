"""Styles as ONNX files, and ONNX Runtime to run them; without either, these tests are skipped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from faststyle.checkpoints.style_checkpoint import StyleCheckpoint, write_checkpoint
from faststyle.export.command import main
from tests.support.commands import Outcome, in_process
from tests.support.networks import TINY_METADATA, TINY_NETWORK, random_net

Run = Callable[..., Outcome]
Pictures = Callable[[Tensor], Tensor]


@pytest.fixture(autouse=True)
def onnx_is_here() -> None:
    for package in ("onnx", "onnxruntime"):
        pytest.importorskip(package, reason="the extra `onnx`")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line, in a folder with the checkpoint `tiny.safetensors`."""
    monkeypatch.chdir(tmp_path)
    write_checkpoint(Path("tiny.safetensors"), random_net(0), TINY_METADATA, random_net(1))

    def run(*arguments: object, ckpt: str = "tiny.safetensors") -> Outcome:
        given = ["--ckpt", ckpt, *map(str, arguments)]
        return in_process("export", lambda: main(given), capsys)

    return run


def checkpoint_of(seed: int = 0, photo_end: bool = False, **changes: object) -> StyleCheckpoint:
    """A tiny checkpoint with random weights."""
    metadata = {**TINY_METADATA, "network": {**TINY_NETWORK, **changes}}
    end = random_net(seed + 1, **changes).state_dict() if photo_end else None
    return StyleCheckpoint(random_net(seed, **changes).state_dict(), metadata, end)


def in_onnx_runtime(path: Path) -> Pictures:
    """What an ONNX file makes of pictures (N, 3, H, W)."""
    from faststyle.export.check import open_session

    session = open_session(path)
    return lambda photos: torch.from_numpy(session.run(None, {"photo": photos.numpy()})[0])


@pytest.fixture
def exported(tmp_path: Path) -> Callable[..., Pictures]:
    """A checkpoint as an ONNX file, run by ONNX Runtime."""
    from faststyle.export.onnx_file import style_model

    def export(checkpoint: StyleCheckpoint, strength: float = 1.0) -> Pictures:
        path = tmp_path / "style.onnx"
        path.write_bytes(style_model(checkpoint, strength).SerializeToString())
        return in_onnx_runtime(path)

    return export
