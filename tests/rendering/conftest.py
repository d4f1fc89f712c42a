"""Canvases in several blocks, however small the picture."""

from __future__ import annotations

import pytest

from faststyle.rendering import canvas


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that tiny pictures are several blocks."""
    monkeypatch.setattr(canvas, "BLOCK_PIXELS", 300)
