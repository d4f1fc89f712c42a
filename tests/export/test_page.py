"""The Python code of docs/onnx.md runs with the file of its command, and gives infer's picture."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faststyle import load_style
from faststyle.export.command import main
from tests.support.checkout import CHECKOUT
from tests.support.pictures import noise_picture


def test_the_command_and_the_python_code_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (CHECKOUT / "docs" / "onnx.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (command,) = re.findall(r"^python -m faststyle.export (.+)$", page, flags=re.MULTILINE)
    assert main(shlex.split(command)) == 0
    photo = noise_picture(0, 61, 47)
    photo.save("photo.jpg")
    (code,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    exec(code, {})
    assert '"title": "The Starry Night"' in capsys.readouterr().out
    with Image.open("photo.jpg") as photo, Image.open("stylized.png") as stylized:
        expected = load_style("starry_night", "cpu")(photo, grain=0)
        difference = np.asarray(stylized).astype(int) - np.asarray(expected)
    assert np.abs(difference).max() <= 1
