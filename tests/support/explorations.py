"""Explorations of seconds: tiny crops, few steps, small pictures, the smallest grid."""

from __future__ import annotations

import pytest

SHORT = ["data.image_size=48", "data.num_images=8", "data.num_val_images=2"]


def shorten(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have explorations take seconds; returns the options to add to the command line."""
    from faststyle.explore import cells, learn, page, settings

    monkeypatch.setattr(settings, "EXPERIMENT", ["experiment=explore", *SHORT])
    monkeypatch.setattr(learn, "START_STEPS", (3, 3))
    monkeypatch.setattr(learn, "PROBE_STEPS", 1)
    monkeypatch.setattr(cells, "FEWEST_STEPS", 2)
    monkeypatch.setattr(page, "SHOWN", 64)
    return ["--minutes", "0.001", "--device", "cpu"]
