"""Atomic writes where the system refuses to replace a file, as Windows does while it is open."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from faststyle.errors import UserError
from faststyle.files.atomic import atomic_write, check_writable


def test_a_file_that_cannot_be_replaced_stays_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(13, "Access is denied", str(target))

    path = tmp_path / "style.safetensors"
    path.write_bytes(b"before")
    monkeypatch.setattr(os, "replace", refuse)
    with (
        pytest.raises(UserError, match=r"cannot write .*: Access is denied"),
        atomic_write(path) as p,
    ):
        p.write_bytes(b"after")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_without_a_text_of_the_system_is_still_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise OSError("unsupported operation")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(UserError, match=r"runs_dir: cannot write in .* \(unsupported operation\)"):
        check_writable("runs_dir", tmp_path)
