"""`python -m infer`: what goes where, what a bad file costs, and the exit codes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import noise_picture, one_line, written
from PIL import Image

from faststyle import Stylizer, load_style
from faststyle.errors import UserError
from faststyle.images.read import load_image
from faststyle.images.tensors import to_tensor
from faststyle.infer.command import main

# --- where results go -------------------------------------------------------------------------


def test_one_photo_to_a_file(infer, here: Path, ckpt: Path) -> None:
    outcome = infer("cat.jpg", "--output", "new/cat_stylized.png")
    assert outcome.code == 0, outcome.err
    assert "cat_stylized.png" in outcome.out
    assert written(here / "new") == {"cat_stylized.png": (41, 30)}
    expected = load_style(ckpt, "cpu")(load_image("cat.jpg"))
    assert list(load_image("new/cat_stylized.png").tobytes()) == list(expected.tobytes())


def test_one_photo_to_a_folder(infer, here: Path) -> None:
    assert infer("cat.jpg", "--output", "out").code == 0
    assert written(here / "out") == {"cat.jpg": (41, 30)}


def test_the_default_folder(infer, here: Path) -> None:
    assert infer("cat.jpg", "dog.png").code == 0
    assert written(here / "stylized" / "tiny") == {"cat.jpg": (41, 30), "dog.png": (20, 33)}


def test_styles_do_not_overwrite_each_others_results(infer, here: Path, ckpt: Path) -> None:
    shutil.copy(ckpt, "other.v2.safetensors")
    assert infer("cat.jpg").code == 0
    assert infer(".", "--recursive", ckpt="other.v2.safetensors").code == 0
    Image.new("L", (41, 30), 255).save("stylized/mask.png")
    two = ("--mask", "stylized/mask.png", "--ckpt", "other.v2.safetensors")
    assert infer("cat.jpg", *two, "--mask", "stylized/mask.png").code == 0
    made = {path.relative_to(here / "stylized").as_posix() for path in here.rglob("*/*/*")}
    assert made == {
        *("tiny/cat.jpg", "other_v2/cat.jpg", "other_v2/dog.png", "tiny+other_v2/cat.jpg"),
    }


def test_results_may_be_painted_again_when_named(infer, here: Path) -> None:
    assert infer("cat.jpg", "--output", "stylized/first").code == 0
    assert infer("stylized/first").code == 0
    assert written(here / "stylized" / "tiny") == {"cat.jpg": (41, 30)}


def test_a_folder_of_photos(infer, here: Path) -> None:
    (here / "notes.txt").write_text("not a photo")
    noise_picture(2, 10, 10).save("BIRD.BMP")
    assert infer(".", "--output", "out").code == 0
    # A format that is not written comes out as PNG.
    assert written(here / "out") == {"BIRD.png": (10, 10), "cat.jpg": (41, 30), "dog.png": (20, 33)}


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (47, 33), (64, 64), (101, 7)])
def test_every_size_comes_out_the_same(size: tuple[int, int], infer, here: Path) -> None:
    noise_picture(3, *size).save("odd.png")
    assert infer("odd.png", "--output", "out.png").code == 0
    assert written(here)["out.png"] == size


def test_a_phone_photo_comes_out_upright(infer, here: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    noise_picture(3, 40, 20).save("phone.jpg", exif=exif)
    assert infer("phone.jpg", "--output", "out.jpg").code == 0
    with Image.open("out.jpg") as image:
        assert image.size == (20, 40)
        assert image.getexif().get(0x0112, 1) == 1


def test_inputs_are_never_overwritten(infer, here: Path) -> None:
    before = {path: path.read_bytes() for path in here.iterdir()}
    assert "the photo itself" in one_line(infer("cat.jpg", "--output", "cat.jpg"))
    assert "the photo itself" in one_line(
        infer("cat.jpg", "--output", "../" + here.name + "/cat.jpg")
    )
    assert infer("cat.jpg", "dog.png", "--output", ".").code == 0
    assert {path: path.read_bytes() for path in before} == before
    assert sorted(path.name for path in here.iterdir()) == [
        "cat.jpg",
        "cat_2.jpg",
        "dog.png",
        "dog_2.png",
    ]


def test_equal_names_do_not_collide(infer, here: Path) -> None:
    for folder in ("a", "b"):
        (here / folder).mkdir()
        noise_picture(4, 12, 10 if folder == "a" else 20).save(here / folder / "x.png")
    assert infer("a", "b/x.png", "--output", "out").code == 0
    assert written(here / "out") == {"x.png": (12, 10), "x_2.png": (12, 20)}


# --- bad files and bad usage ------------------------------------------------------------------


def test_a_bad_photo_among_good_ones_costs_only_itself(infer, here: Path) -> None:
    (here / "bad.jpg").write_text("no photo")
    outcome = infer("bad.jpg", "missing.jpg", "cat.jpg", "--output", "out")
    assert outcome.code == 1
    assert written(here / "out") == {"cat.jpg": (41, 30)}
    assert "not a picture: bad.jpg" in outcome.err
    assert "no such picture: missing.jpg" in outcome.err
    assert "2 of 3 photos failed" in outcome.err


@pytest.mark.parametrize("content", [None, b"", b"no photo"])
def test_only_a_bad_photo_is_one_line(content: bytes | None, infer, here: Path) -> None:
    if content is not None:
        (here / "bad.jpg").write_bytes(content)
    assert "bad.jpg" in one_line(infer("bad.jpg", "--output", "out.png"))
    assert not (here / "out.png").exists()


def test_missing_checkpoint(infer, here: Path) -> None:
    assert "no such checkpoint: nowhere.safetensors" in one_line(
        infer("cat.jpg", ckpt="nowhere.safetensors")
    )
    assert not (here / "stylized").exists()


def test_a_checkpoint_that_is_none(infer, here: Path) -> None:
    assert "cat.jpg: not a readable style checkpoint" in one_line(infer("dog.png", ckpt="cat.jpg"))


def test_unknown_suffix(infer, here: Path) -> None:
    message = one_line(infer("cat.jpg", "--output", "cat.xyz"))
    assert "pictures are written as .jpg, .jpeg, .png" in message


def test_several_photos_need_a_folder(infer, here: Path) -> None:
    assert "2 photos need a folder" in one_line(infer("cat.jpg", "dog.png", "--output", "both.png"))
    (here / "file").write_text("in the way")
    assert "need" in one_line(infer("cat.jpg", "dog.png", "--output", "file"))


def test_unwritable_output(infer, here: Path) -> None:
    (here / "file").write_text("in the way")
    assert "cannot write" in one_line(infer("cat.jpg", "--output", "file/out.png"))


def test_no_photo_and_an_empty_folder(infer, here: Path) -> None:
    assert "no photo given" in one_line(infer())
    (here / "empty").mkdir()
    assert "no pictures in empty" in one_line(infer("empty"))


@pytest.mark.parametrize("device", ["gpu7", "cuda:99"])
def test_a_device_that_is_not_there(device: str, infer, here: Path) -> None:
    message = one_line(infer("cat.jpg", "--device", device))
    assert f"cannot use '{device}'" in message
    assert "auto or cpu" in message


def test_describe(infer, here: Path) -> None:
    outcome = infer("--describe")
    assert outcome.code == 0
    assert "title: A tiny painting" in outcome.out
    assert "width: 4" in outcome.out
    assert "no such checkpoint" in one_line(infer("--describe", ckpt="nowhere.safetensors"))


def test_ckpt_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["cat.jpg"])
    assert stop.value.code == 2
    assert "--ckpt" in capsys.readouterr().err


def test_help_answers_without_importing_torch(tmp_path: Path) -> None:
    program = (
        "import sys, atexit\n"
        "atexit.register(lambda: print('HEAVY', 'torch' in sys.modules))\n"
        "from faststyle.infer.command import main\n"
        "main(['--help'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("HEAVY False")
    text = " ".join(done.stdout.split())  # as wide as the terminal is
    assert "default: stylized/" in text
    assert "default: auto" in text


# --- as a library -----------------------------------------------------------------------------


def test_a_style_as_a_library(ckpt: Path) -> None:
    style = load_style(ckpt, "cpu")
    assert isinstance(style, Stylizer)
    assert style.metadata["style"]["name"] == "tiny"
    photo = noise_picture(5, 37, 22)
    picture = style(photo)
    assert isinstance(picture, Image.Image)
    assert picture.size == photo.size
    assert not np.array_equal(np.asarray(picture), np.asarray(photo))
    batch = to_tensor(photo).expand(2, -1, -1, -1)
    stylized = style(batch)
    assert stylized.shape == batch.shape
    difference = stylized[1] - to_tensor(picture)[0]
    assert difference.abs().max() <= 0.51 / 255
    assert np.array_equal(
        np.asarray(style(photo.convert("RGBA")).convert("RGB")), np.asarray(picture)
    )


def test_unknown_checkpoint_as_a_library(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such checkpoint"):
        load_style(tmp_path / "nowhere.safetensors")
