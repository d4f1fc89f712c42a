"""Every kind of picture file through the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.support.awkward_files import Awkward, write_awkward_files
from tests.support.commands import Outcome


def test_awkward_files(tmp_path: Path, infer, monkeypatch: pytest.MonkeyPatch) -> None:
    # With PyAV animations are clips: tests/video/ has them.
    monkeypatch.setattr("faststyle.infer.tasks.is_installed", lambda: False)
    folder = tmp_path / "in"
    folder.mkdir()
    files = write_awkward_files(folder)
    assert len(files) >= 40
    before = {file.path: file.path.read_bytes() for file in files if file.path.is_file()}
    monkeypatch.chdir(folder)
    outcome = infer("--output", "../out", "--", *(file.path.name for file in files))
    assert outcome.code == 1
    assert "Traceback" not in outcome.err
    assert all(path.read_bytes() == content for path, content in before.items())
    bad = [file for file in files if file.size is None]
    assert f"{len(bad)} of {len(files)} photos failed" in outcome.err
    for file in files:
        check_awkward(file, outcome, tmp_path / "out")


def check_awkward(file: Awkward, outcome: Outcome, folder: Path) -> None:
    """Refused in one line that names it, or there in the right size, way up and transparency."""
    lines = [line for line in outcome.err.splitlines() if file.path.name in line]
    if file.size is None:
        assert any(file.says in line and line.endswith("skipped") for line in lines), file.name
        return
    if file.says:
        assert any(file.says in line for line in lines), file.name
    (target,) = [
        Path(line)
        for line in outcome.out.splitlines()
        if Path(line).stem == file.path.stem or Path(line).stem.startswith(f"{file.path.stem}_")
    ][:1]
    with Image.open(folder / target.name) as image:
        assert image.size == file.size, file.name
        if file.alpha is not None and image.format != "JPEG":
            assert image.mode == "RGBA", file.name
