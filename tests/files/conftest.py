"""Good files of tensors, to damage."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.stress.fuzz_checkpoints import originals


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """tiny.safetensors, tiny.ckpt, new.pth and old.pth, all good."""
    return {path.name: path for path in originals(tmp_path, None)}
