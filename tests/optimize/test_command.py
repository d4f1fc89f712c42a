"""The command optimize."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from faststyle.images.read import load_image
from faststyle.optimize.command import main
from tests.support.commands import Outcome, in_process, one_line, started
from tests.support.pictures import noise_picture
from tests.support.runs import TINY_LAYERS


@pytest.fixture
def photo(photo_dir: Path) -> Path:
    return photo_dir / "photo_0.png"


@pytest.fixture
def overrides(photo: Path, painting: Path, tiny_weights: Path) -> list[str]:
    """Overrides with which `optimize` runs in a fraction of a second."""
    return [
        f"content={photo}",
        f"style.image={painting}",
        f"loss_network.weights={tiny_weights}",
        *TINY_LAYERS,
        "size=48",
        "steps=3",
        "output=out.png",
        "device=cpu",
    ]


@pytest.fixture
def optimize_cli(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    overrides: list[str],
) -> Callable[..., Outcome]:
    """`python -m faststyle.optimize` in this process, in the test's own folder."""

    def run(*arguments: str) -> Outcome:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["optimize", *overrides, *arguments])
        monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
        handler = signal.getsignal(signal.SIGTERM)
        try:
            return in_process("optimize", main, capfd)
        finally:
            signal.signal(signal.SIGTERM, handler)

    return run


def test_it_writes_the_picture_and_nothing_else(
    optimize_cli: Callable[..., Outcome], tmp_path: Path, photo: Path
) -> None:
    outcome = optimize_cli("preview_every=1")
    assert outcome.code == 0, outcome.err
    assert "out.png: 3 steps," in outcome.out
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]
    given, found = load_image(photo), load_image(tmp_path / "out.png")
    assert max(found.size) == 48
    assert found.size[0] / found.size[1] == pytest.approx(given.size[0] / given.size[1], rel=0.05)


def test_the_same_seed_gives_the_same_picture(
    optimize_cli: Callable[..., Outcome], tmp_path: Path
) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert optimize_cli("init=noise", f"seed={seed}", f"output={name}.png").code == 0
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a == b
    assert a != c


@pytest.mark.parametrize(
    "choices",
    [
        ["content=none"],
        ["multiscale=true", "coarsest_size=32", "size=96", "init=noise"],
        ["keep_color=true", "optimizer=adam", "output=out.jpg"],
        ["style.image=null", "style.images=[{painting},{photo}]", "style.blend=[0.7,0.3]"],
        ["style.image=null", "style.images=[{painting},{photo}]"],
        ["style.image=null"],  # the swatch
        ["init={painting}", "style_scale=0.95"],
        ["loss=gatys2016", "style.size=46"],
    ],
    ids=lambda choices: choices[0].split("{")[0],
)
def test_every_way_to_use_it(
    optimize_cli: Callable[..., Outcome],
    tmp_path: Path,
    painting: Path,
    photo: Path,
    choices: list[str],
) -> None:
    filled = [choice.format(painting=painting, photo=photo) for choice in choices]
    outcome = optimize_cli(*filled)
    assert outcome.code == 0, outcome.err
    assert len(list(tmp_path.iterdir())) == 1


def test_a_texture_has_the_paintings_shape(
    optimize_cli: Callable[..., Outcome], tmp_path: Path, painting: Path
) -> None:
    assert optimize_cli("content=none").code == 0
    given, found = load_image(painting).size, load_image(tmp_path / "out.png").size
    assert found == (48, round(48 * given[1] / given[0]))


MISTAKES = {
    "content=gone.jpg": "content: no such picture: gone.jpg",
    "init=gone.jpg": "init: no such picture: gone.jpg",
    "style.image=gone.jpg": "style.image: no such picture: gone.jpg",
    "style.image=null style.name=mine": "style.image: no picture of mine comes with faststyle",
    "style.images=[a.jpg]": "style.images: got both style.image and style.images",
    "style.blend=[1.0]": "style.blend: the weights are for style.images",
    "style.image=null style.images=[]": "style.images: got no picture",
    "style.image=null style.images=[a.jpg,b.jpg] style.blend=[1.0]": "1 weights for 2 style.images",
    "style.image=null style.images=[a.jpg,b.jpg] style.blend=[1,0]": "must be above 0, got 0",
    "style.image=null style.images=[a.jpg,b.jpg] style.blend=[1,-2]": "must be above 0, got -2",
    "style.image=null style.images=[gone.jpg]": "style.images: no such picture: gone.jpg",
    "steps=0": "steps: must be at least 1, got 0",
    "steps=many": "steps: Value 'many'",
    "size=20": "size: must be at least 32, got 20",
    "size=100000000": "fits",
    "style_scale=0": "style_scale: must be above 0",
    "style_scale=0.03": "style: the picture is 1 x 1 pixels when vgg19 looks at it, its layers",
    "output=gone/out.png": "output: no such folder: gone",
    "output=out.xyz": "pictures are written as .jpg",
    "output=out": "pictures are written as .jpg",
    "output=photo.png content=photo.png": "output: photo.png is one of the pictures given",
    "optimizer=sgd": "optimizer: 'sgd' is not one of lbfgs, adam",
    "device=warp": "device: cannot use 'warp'",
    "content=none init=content": "init: content=none leaves no photo",
    "content=none keep_color=true": "keep_color: content=none leaves no photo",
    "contents=a.jpg": "contents: no such key",
}


@pytest.mark.parametrize("given", MISTAKES)
def test_a_mistake_is_one_line(
    optimize_cli: Callable[..., Outcome], tmp_path: Path, given: str
) -> None:
    noise_picture(0).save(tmp_path / "photo.png")
    outcome = optimize_cli(*given.split())
    assert MISTAKES[given] in one_line(outcome)
    assert outcome.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["photo.png"]


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to another process")
def test_ctrl_c_keeps_the_picture_so_far(overrides: list[str], tmp_path: Path) -> None:
    changes = ["steps=1000000", "preview_every=1", "optimizer=adam"]
    with started(tmp_path, "faststyle.optimize", *overrides, *changes) as running:
        while not (tmp_path / "out_preview.png").is_file():
            assert running.poll() is None, running.communicate()
            time.sleep(0.02)
        load_image(tmp_path / "out_preview.png")  # whole, whenever it is looked at
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=300)
    assert running.returncode == 0, err
    assert "out.png: stopped at step" in out
    assert err == ""
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]
