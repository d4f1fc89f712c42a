"""Which photos are stylized, and where the results go."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from faststyle import load_style
from faststyle.images.read import load_image
from tests.support.commands import one_line
from tests.support.pictures import noise_picture, written

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


# --- many photos ------------------------------------------------------------------------------


def test_subfolders_only_on_request(infer, here: Path) -> None:
    (here / "in" / "deep").mkdir(parents=True)
    noise_picture(0, 12, 10).save(here / "in" / "a.png")
    noise_picture(1, 14, 10).save(here / "in" / "deep" / "a.png")
    assert infer("in", "--output", "flat").code == 0
    assert written(here / "flat") == {"a.png": (12, 10)}
    assert infer("in", "--recursive", "--output", "tree").code == 0
    assert written(here / "tree") == {"a.png": (12, 10), "deep/a.png": (14, 10)}


def test_patterns_that_the_shell_left_alone(infer, here: Path) -> None:
    assert infer("*.png", "--output", "out").code == 0
    assert written(here / "out") == {"dog.png": (20, 33)}
    assert "no file matches *.xyz" in one_line(infer("*.xyz"))


def test_a_name_with_brackets_is_a_name(infer, here: Path) -> None:
    noise_picture(0, 12, 10).save(here / "photo[1].png")
    assert infer("photo[1].png", "--output", "out").code == 0
    assert written(here / "out") == {"photo[1].png": (12, 10)}


def test_names_that_differ_in_case_only_do_not_collide(infer, here: Path) -> None:
    for folder, name in (("a", "X.png"), ("b", "x.png")):
        (here / folder).mkdir()
        noise_picture(0, 12, 10).save(here / folder / name)
    assert infer("a", "b", "--output", "out").code == 0
    assert len({name.lower() for name in written(here / "out")}) == 2


def test_results_inside_the_folder_are_not_painted_again(infer, here: Path) -> None:
    for _ in range(2):
        assert infer(".", "--recursive", "--output", "painted").code == 0
    assert sorted(written(here / "painted")) == ["cat.jpg", "dog.png"]


def test_skip_existing(infer, here: Path) -> None:
    assert infer("cat.jpg", "--output", "out/").code == 0
    first = (here / "out" / "cat.jpg").stat().st_mtime_ns
    outcome = infer("cat.jpg", "dog.png", "--output", "out", "--skip-existing")
    assert outcome.code == 0
    assert "1 of 2 are there already" in outcome.out
    assert (here / "out" / "cat.jpg").stat().st_mtime_ns == first
    assert (here / "out" / "dog.png").exists()
    assert infer("cat.jpg", "dog.png", "--output", "out", "--skip-existing").code == 0


def test_two_runs_give_the_same_bytes(infer, here: Path) -> None:
    for out in ("one", "two"):
        assert infer("cat.jpg", "dog.png", "--output", out, "--strength", "0.6").code == 0
    for name in ("cat.jpg", "dog.png"):
        assert (here / "one" / name).read_bytes() == (here / "two" / name).read_bytes()
    assert infer("dog.png", "--output", "alone.png", "--strength", "0.6").code == 0
    assert (here / "alone.png").read_bytes() == (here / "one" / "dog.png").read_bytes()


def test_a_result_that_cannot_be_written_costs_only_itself(infer, here: Path) -> None:
    (here / "out").mkdir()
    (here / "out" / "cats").write_text("in the way")
    (here / "in" / "cats").mkdir(parents=True)
    (here / "cat.jpg").rename(here / "in" / "cats" / "cat.jpg")
    (here / "dog.png").rename(here / "in" / "dog.png")
    outcome = infer("in", "--recursive", "--output", "out")
    assert outcome.code == 1
    assert "cannot write" in outcome.err
    assert (here / "out" / "dog.png").is_file()
