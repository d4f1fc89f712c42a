"""Tiny styles as pages, and Chromium to open them; without it those tests are skipped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from faststyle.checkpoints.style_checkpoint import write_checkpoint
from faststyle.page.command import main
from faststyle.rendering.strength import between
from tests.support.commands import Outcome, in_process
from tests.support.networks import TINY_METADATA, random_net

Run = Callable[..., Outcome]


def write_tiny(path: Path, seed: int, **changes: object) -> Path:
    """A tiny style with random weights, and others near them at its photo end, as training gives.

    All of them have one lineage.
    """
    style, end = random_net(seed, **changes), random_net(seed + 1, **changes)
    end.load_state_dict(between(style.state_dict(), end.state_dict(), 0.2))
    metadata = {
        **TINY_METADATA,
        "style": {"name": path.stem, "title": f"Tiny {path.stem}", "artist": "<b>Nobody</b>"},
        "network": {**TINY_METADATA["network"], **changes},
        "training": {"init_from_sha256": "ab" * 32},
    }
    write_checkpoint(path, style, metadata, end)
    return path


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line, in a folder with the checkpoints `one` and `two` (.safetensors)."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("one", "two")):
        write_tiny(Path(f"{name}.safetensors"), 10 * seed)

    def run(*arguments: object) -> Outcome:
        return in_process("page", lambda: main([*map(str, arguments)]), capsys)

    return run
