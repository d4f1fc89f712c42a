"""The crash test in short: what docs/reliability.md counts, in seconds."""

from __future__ import annotations

import pytest
import torch

from scripts.stress import crash, full_disk

pytestmark = pytest.mark.skipif(
    torch.get_num_threads() > 1,
    reason="forks this process, which hangs once torch has used several threads",
)


def test_killed_again_and_again(capfd: pytest.CaptureFixture[str]) -> None:
    assert crash.main(["--kills", "3", "--steps", "30"]) == 0
    printed = capfd.readouterr().out
    assert "3 kills (1 of them with a checkpoint half written" in printed
    assert "equal to the undisturbed run's, byte for byte" in printed


def test_a_full_disk(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With a limit on the size of files: mounting a small disk is not everybody's right."""
    monkeypatch.setattr(full_disk, "mount", lambda folder: False)
    assert crash.main(["--full-disk", "--steps", "40"]) == 0
    printed = capfd.readouterr().out
    assert "last.ckpt: File too large; the disk is " in printed
    assert "equal, byte for byte" in printed
