"""The page in a real browser, without a network: its pictures are those of `Stylizer`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from faststyle import load_style
from faststyle.checkpoints.style_checkpoint import StyleCheckpoint, read_checkpoint
from faststyle.page.build import build_page
from faststyle.page.command import shipped_styles
from faststyle.rendering.strength import between
from faststyle.rendering.stylizer import Stylizer
from tests.page.conftest import write_tiny
from tests.support.pictures import noise_picture, png

if TYPE_CHECKING:
    from scripts.browser import PageInBrowser

pytest.importorskip("selenium", reason="the extra `dev`")
# After the line above: it imports selenium.
from scripts.browser import FAKE_CAMERA, SOFTWARE_WEBGPU, chromium, find_chromium

if find_chromium() is None:
    pytest.skip("neither Chromium nor its driver is installed", allow_module_level=True)

MOST = 2  # levels of 255 between the page's pictures and ours


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of two tiny styles of one lineage, one of another size, and two photos."""
    folder = tmp_path_factory.mktemp("page")
    kinds = {"one": {}, "two": {}, "wide": {"width": 6, "num_residual_blocks": 2}}
    paths = [
        write_tiny(folder / f"{name}.safetensors", 10 * seed, **changes)
        for seed, (name, changes) in enumerate(kinds.items())
    ]
    (folder / "page.html").write_text(build_page(paths), encoding="utf-8")
    write_tiny(folder / "mine.safetensors", 50)
    photo = noise_picture(3, 61, 46)
    photo.paste((200, 200, 190), (0, 0, 61, 18))  # flat: it gets grain
    photo.save(folder / "photo.png")
    photo.putalpha(noise_picture(4, 61, 46).convert("L"))
    photo.save(folder / "clear.png")
    return folder


@pytest.fixture(scope="module", params=["gpu", "cpu"])
def opened(request: pytest.FixtureRequest, folder: Path) -> Iterator[PageInBrowser]:
    """The page, by WebGPU (of software) and by JavaScript."""
    flags = SOFTWARE_WEBGPU if request.param == "gpu" else ()
    with chromium(*flags, *FAKE_CAMERA, downloads=folder / request.param) as browser:
        browser.open(folder / "page.html", f"engine={request.param}&size=64")
        assert browser.state("engine") == request.param, browser.find("engine").text
        yield browser


@pytest.fixture
def page(opened: PageInBrowser) -> PageInBrowser:
    """The page with the settings that it starts with."""
    opened.choose_style("one")
    settings = {"strength": 1, "stroke": 1, "mix": "", "keep": False}
    for name, value in settings.items():
        opened.choose(name, value)
    return opened


def sides(width: int, height: int) -> str:
    """A size as the page writes it."""
    return f"{width} \N{MULTIPLICATION SIGN} {height}"


def photo_of(folder: Path) -> Image.Image:
    with Image.open(folder / "photo.png") as photo:
        return photo.convert("RGB")


def assert_same(page: PageInBrowser, ours: Image.Image, most: float = MOST) -> None:
    theirs = page.picture()[..., :3]
    assert theirs.shape == np.asarray(ours.convert("RGB")).shape
    difference = np.abs(theirs - np.asarray(ours.convert("RGB")))
    assert difference.max() <= most, f"{difference.max()}, mean {difference.mean():.2f}"


def test_pictures_are_those_of_stylizer(page: PageInBrowser, folder: Path) -> None:
    photo = photo_of(folder)
    styles = {
        name: load_style(folder / f"{name}.safetensors", "cpu") for name in ("one", "two", "wide")
    }
    assert f"{sides(61, 46)} pixels" in page.open_photo(folder / "photo.png")
    assert (page.picture("photo")[..., :3] == np.asarray(photo)).all()
    for name in ("two", "wide", "one"):
        assert page.choose_style(name).startswith(f"Tiny {name}, {sides(61, 46)} pixels")
        assert_same(page, styles[name](photo))
    page.choose("strength", 0.5)
    assert_same(page, styles["one"](photo, strength=0.5))
    page.choose("strength", 1)
    page.choose("keep", True)
    assert_same(page, styles["one"](photo, keep_color="luminance"))
    page.choose("keep", False)
    for scale in (2, 0.75):
        page.choose("stroke", scale)
        # Resizing sharpens what differs.
        assert_same(page, styles["one"](photo, stroke_scale=scale), MOST + 1)
    assert page.errors() == []


def test_the_network_is_mixed_or_the_pixels(page: PageInBrowser, folder: Path) -> None:
    page.open_photo(folder / "photo.png")
    page.choose_style("one")
    page.choose("share", 0.25)
    page.choose("mix", "two")
    one, two = (read_checkpoint(folder / f"{name}.safetensors") for name in ("one", "two"))
    weights = between(one.state_dict, two.state_dict, 0.25)
    mixed = Stylizer(StyleCheckpoint(weights, one.metadata), "cpu")
    assert_same(page, mixed(photo_of(folder)))
    page.choose("mix", "wide")  # no weights lie between networks of two shapes
    one_picture, wide = (
        load_style(folder / f"{name}.safetensors", "cpu")(photo_of(folder))
        for name in ("one", "wide")
    )
    assert_same(page, Image.blend(one_picture, wide, 0.25))


def test_a_smaller_size_is_that_of_max_size(page: PageInBrowser, folder: Path) -> None:
    large = folder / "large.png"
    noise_picture(5, 300, 200).save(large)
    page.open_photo(large)
    page.choose("size", 256)
    assert f"{sides(256, 171)} pixels" in page.said()
    with Image.open(large) as photo:
        small = photo.resize((256, 171), Image.Resampling.LANCZOS)
    assert (page.picture("photo")[..., :3] == np.asarray(small)).all()
    assert_same(page, load_style(folder / "one.safetensors", "cpu")(small))


def test_a_download_is_the_picture_with_its_transparency(page: PageInBrowser, folder: Path) -> None:
    page.open_photo(folder / "clear.png")
    page.find("download").click()
    file = folder / page.state("engine") / "clear_one.png"
    until = time.monotonic() + 20
    while not file.exists() and time.monotonic() < until:
        time.sleep(0.05)
    with Image.open(file) as saved, Image.open(folder / "clear.png") as photo:
        assert saved.size == (61, 46)
        alpha = [np.asarray(picture.convert("RGBA"))[..., 3] for picture in (saved, photo)]
    assert (alpha[0] == alpha[1]).all()


def test_a_style_of_ones_own(page: PageInBrowser, folder: Path) -> None:
    page.open_photo(folder / "photo.png")
    page.give(folder / "mine.safetensors", "own")
    page.wait_for(f"Tiny mine, {sides(61, 46)}")
    assert_same(page, load_style(folder / "mine.safetensors", "cpu")(photo_of(folder)))


def test_broken_styles_get_a_sentence(page: PageInBrowser, folder: Path) -> None:
    whole = (folder / "one.safetensors").read_bytes()
    length = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + length])

    def changed(change: str, by: str) -> bytes:
        text = json.dumps(header).replace(change, by).encode()
        return len(text).to_bytes(8, "little") + text + whole[8 + length :]

    broken = {
        "it is no .safetensors file": b"hello",
        "or it is cut of": whole[: length // 2],
        "its header is damaged": whole[:8] + b"x" * length + whole[8 + length :],
        "is damaged, or the file is cut of": whole[:-900],
        "was not written by faststyle": changed("faststyle", "someone"),
        "norm must be instance": changed('\\"instance\\"', '\\"batch\\"'),
        "larger than this page paints": changed('\\"width\\": 4', '\\"width\\": 4000'),
        "has another shape than its network": changed('\\"width\\": 4', '\\"width\\": 5'),
        "holds what is not a number": whole[: 8 + length] + b"\xff" * (len(whole) - 8 - length),
    }
    for number, (words, content) in enumerate(broken.items()):
        file = folder / f"broken{number}.safetensors"
        file.write_bytes(content)
        page.give(file, "own")
        assert page.wait_for(words).startswith(f"broken{number}.safetensors: ")
    assert page.errors() == []
    assert "Tiny two" in page.choose_style("two")


def test_photos_that_cannot_be_opened_get_a_sentence(page: PageInBrowser, folder: Path) -> None:
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff hello")
    page.give(folder / "broken.jpg")
    page.wait_for("broken.jpg: this browser cannot open it as a picture")
    rows = b"".join(b"\0" + bytes(1500) for _ in range(9000))
    (folder / "huge.png").write_bytes(png(12000, 9000, 1, 0, rows))
    page.give(folder / "huge.png")
    page.wait_for("huge.png has 108 megapixels, this page opens up to 100")
    assert "Tiny one" in page.open_photo(folder / "photo.png")


def test_the_last_of_many_changes_counts(page: PageInBrowser, folder: Path) -> None:
    page.open_photo(folder / "photo.png")
    page.driver.execute_script(
        "const slider = document.getElementById('strength');"
        "for (const value of [0.9, 0.1, 0.8, 0.3]) {"
        "  slider.value = value; slider.dispatchEvent(new Event('input')); }"
    )
    page.wait()
    ours = load_style(folder / "one.safetensors", "cpu")(photo_of(folder), strength=0.3)
    assert_same(page, ours)


def test_the_camera_is_painted_and_then_a_picture_taken(page: PageInBrowser) -> None:
    page.find("camera").click()
    page.wait_for("Live")
    assert page.find("camera").get_attribute("aria-pressed") == "true"
    page.find("camera").click()
    page.driver.execute_script("document.documentElement.dataset.state = 'asked'")
    page.driver.execute_script("document.getElementById('size').dispatchEvent(new Event('change'))")
    assert "Live" not in page.wait()
    assert page.find("camera").text == "Camera"
    assert page.errors() == []


def test_without_webgpu_and_camera_a_sentence_says_so(folder: Path) -> None:
    with chromium() as browser:
        browser.open(folder / "page.html", "size=64&style=two")
        # Nobody chose a photo: the drawn landscape.
        assert f"{sides(64, 43)} pixels" in browser.said()
        assert browser.said().startswith("Tiny two")
        assert "no WebGPU, so painting is slower" in browser.find("engine").text
        browser.find("camera").click()
        assert "camera" in browser.wait_for("camera")
        large = folder / "many_pixels.png"
        Image.new("RGB", (2400, 1200), (9, 90, 200)).save(large)
        note = browser.open_photo(large)
        assert "The photo has 2.9 megapixels; here it can be painted up to" in note
        browser.open(folder / "page.html", "size=64&scene")
        assert not browser.find("strip").is_displayed()
        assert browser.find("painted").is_displayed()


@pytest.mark.parametrize("engine", ["gpu", "cpu"])
def test_a_style_that_ships(engine: str, folder: Path) -> None:
    (path,) = (path for path in shipped_styles() if path.stem == "starry_night")
    target = folder / "shipped.html"
    target.write_text(build_page([path]), encoding="utf-8")
    with chromium(*(SOFTWARE_WEBGPU if engine == "gpu" else ())) as browser:
        browser.open(target, f"engine={engine}&size=16")
        browser.open_photo(folder / "photo.png")
        browser.choose("size", 61)
        style = load_style(path, "cpu")
        assert_same(browser, style(photo_of(folder)))
