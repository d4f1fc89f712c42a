"""The button of the page in Chromium: this computer paints what the browser sends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from faststyle import Stylizer
from faststyle.page.build import build_page
from faststyle.serve.limits import Limits
from tests.serve.conftest import serving
from tests.support.pictures import noise_picture

pytest.importorskip("selenium", reason="the extra `dev`")
# After the line above: it imports selenium.
from scripts.browser import chromium, find_chromium

ONLY_HERE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


@pytest.mark.skipif(find_chromium() is None, reason="Chromium or its driver is not installed")
def test_the_button_paints_on_this_computer(
    tiny_style: Path, stylizer: Stylizer, tmp_path: Path
) -> None:
    photo = noise_picture(3, 61, 46)
    photo.save(tmp_path / "photo.png")
    shown: list[str] = []
    with serving(tiny_style, Limits()) as server, chromium(ONLY_HERE) as browser:
        server.open(server.styles, build_page([tiny_style], paint_here=True), shown.append)
        browser.driver.get(server.url)
        browser.wait()
        browser.open_photo(tmp_path / "photo.png")
        assert shown == []  # so far the browser has painted by itself
        browser.find("here").click()
        said = browser.wait()
        assert browser.state() == "painted", said
        painted = browser.picture()[..., :3]
    assert np.array_equal(painted, np.asarray(stylizer(photo)))
    (line,) = shown
    assert line.startswith("tiny: ")
