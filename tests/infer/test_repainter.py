"""Results have the way up and the colors of their photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faststyle.infer.options import parse_options
from faststyle.infer.repainter import Repainter
from faststyle.infer.results import Results
from faststyle.infer.tasks import Task
from tests.support.awkward_files import write_awkward_files
from tests.support.pictures import at_quarters


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data", "ignore:Truncated File Read")
def test_the_way_up_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ckpt: Path) -> None:
    """At strength 0 every readable file comes out as it looks, corner by corner."""
    folder = tmp_path / "in"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    options = parse_options(["--ckpt", str(ckpt), "x", "--strength", "0"])
    monkeypatch.setattr(
        "faststyle.infer.repainter.load_style", lambda *_: lambda image, *a, **k: image
    )
    repainter = Repainter(options)
    for file in write_awkward_files(folder):
        if file.size is None or min(file.size) < 8:
            continue
        task = Task(file.path, tmp_path / "out.png")
        results = Results([file.path], overwrite=False)
        stylized = repainter.stylize(repainter.read(task), task)
        with Image.open(repainter.write(stylized, task, results)) as image:
            found = at_quarters(image.convert("RGB"))
        if file.alpha is None:
            assert np.abs(np.subtract(found, file.corners)).max() <= file.tolerance, file.name
