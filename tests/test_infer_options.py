"""`python -m infer`: many photos, strength, colour, regions, sizes, and files as life has them."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from awkward import Awkward, write_awkward_files
from conftest import TINY_NETWORK, Outcome, noise_picture, one_line, started, written
from PIL import Image

from faststyle import load_style
from faststyle.checkpoints.style_checkpoint import write_checkpoint
from faststyle.images.read import load_image
from faststyle.infer import watch
from faststyle.infer.options import parse_options
from faststyle.infer.repainter import Repainter
from faststyle.infer.results import Results
from faststyle.infer.tasks import Task
from faststyle.infer.watch import arrivals
from faststyle.networks.transform_net import TransformNet


@pytest.fixture(scope="module")
def other_ckpt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(7)
    path = tmp_path_factory.mktemp("style") / "other.safetensors"
    net = TransformNet(**TINY_NETWORK)  # type: ignore[arg-type]
    write_checkpoint(path, net, {"network": TINY_NETWORK, "style": {"name": "other"}})
    return path


def pixels(path: Path | str) -> np.ndarray:
    return np.asarray(load_image(path), dtype=int)


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


def test_what_arrives_is_painted_once_it_is_complete(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(watch, "POLL_SECONDS", 0.02)
    inbox, output = tmp_path / "in", tmp_path / "out"
    inbox.mkdir()
    output.mkdir()
    noise_picture(0, 8, 8).save(inbox / "before.png")
    (inbox / "notes.txt").write_text("no photo")
    found = arrivals(inbox, output)
    assert [task.photo.name for task in next(found)] == ["before.png"]

    def copy_slowly() -> None:
        data = (inbox / "before.png").read_bytes()
        with (inbox / "slow.png").open("wb", buffering=0) as file:
            for byte in range(0, len(data), 40):
                file.write(data[byte : byte + 40])
                time.sleep(0.01)

    thread = threading.Thread(target=copy_slowly)
    thread.start()
    (task,) = next(found)
    assert task == Task(inbox / "slow.png", output / "slow.png")
    thread.join()
    assert task.photo.stat().st_size == (inbox / "before.png").stat().st_size
    noise_picture(5, 9, 9).save(inbox / "before.png")  # changed: comes again
    assert [task.photo.name for task in next(found)] == ["before.png"]


def test_watch_needs_two_folders(infer, here: Path) -> None:
    assert "no such folder" in one_line(infer("--watch", "nowhere"))
    assert "another folder" in one_line(infer("--watch", ".", "--output", "."))
    assert "leave one out" in one_line(infer("--watch", ".", "cat.jpg"))


# --- how it is painted ------------------------------------------------------------------------


def test_strength_0_gives_the_photo_back(infer, here: Path) -> None:
    assert infer("dog.png", "--strength", "0", "--output", "out.png").code == 0
    assert np.array_equal(pixels("out.png"), pixels("dog.png"))


def test_several_strengths_side_by_side(infer, here: Path) -> None:
    assert infer("dog.png", "--strength", "0,0.5,1", "--output", "strip.png").code == 0
    strip, photo = pixels("strip.png"), pixels("dog.png")
    assert strip.shape == (33, 3 * 20 + 2, 3)
    assert np.array_equal(strip[:, :20], photo)
    assert infer("dog.png", "--output", "full.png").code == 0
    assert np.array_equal(strip[:, -20:], pixels("full.png"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--strength", "2"), "strength: 2 is not between"),
        (("--strength", "much"), "'much' is not a number"),
        (("--strength", "0,,1"), "'' is not a number"),
        (("--stroke-scale", "9"), "stroke_scale: 9 is not between 0.25 and 4"),
        (("--stroke-scale", "0"), "0 is not above 0"),
        (("--max-size", "0"), "'0' is not a number of pixels"),
        (("--scale", "nan"), "nan is not above 0"),
        (("--max-memory", "lots"), "'lots' is not a size such as 3GB"),
        (("--feather", "-1"), "-1 is not between 0 and 100"),
        (("--invert-mask",), "--invert-mask needs a --mask"),
        (("--mask", "a.png", "--mask", "b.png"), "one style takes one --mask, not 2"),
        (("--mask", "nowhere.png"), "no such picture: nowhere.png"),
    ],
    ids=str,
)
def test_settings_that_cannot_be(arguments, message: str, infer, here: Path) -> None:
    outcome = infer("dog.png", *arguments)
    assert outcome.code == 2
    assert message in outcome.err
    assert "Traceback" not in outcome.err
    assert not (here / "stylized").exists()


@pytest.mark.parametrize("option", ["--keep-color", "--match-color"])
def test_colors_of_the_photo(option: str, infer, here: Path, ckpt: Path) -> None:
    mode = {"--keep-color": "luminance", "--match-color": "histogram"}[option]
    assert infer("dog.png", option, "--output", "out.png").code == 0
    expected = load_style(ckpt, "cpu")(load_image("dog.png"), keep_color=mode)
    assert np.array_equal(pixels("out.png"), np.asarray(expected))
    assert infer("dog.png", "--output", "plain.png").code == 0
    assert not np.array_equal(pixels("out.png"), pixels("plain.png"))


@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        (("--max-size", "20"), (12, 20)),
        (("--max-size", "500"), (20, 33)),
        (("--scale", "2"), (40, 66)),
        (("--scale", "0.001"), (1, 1)),
        (("--stroke-scale", "2"), (20, 33)),
    ],
    ids=str,
)
def test_sizes(arguments, size, infer, here: Path) -> None:
    assert infer("dog.png", *arguments, "--output", "out.png").code == 0
    assert written(here)["out.png"] == size


def test_little_memory_gives_the_same_picture_and_says_how(infer, here: Path) -> None:
    noise_picture(0, 150, 90).save("wide.png")
    assert infer("wide.png", "--output", "whole.png").code == 0
    outcome = infer("wide.png", "--output", "strips.png", "--max-memory", "1MB")
    assert outcome.code == 0
    assert "150 x 90 pixels are stylized in strips of 16 rows" in outcome.err
    assert np.abs(pixels("whole.png") - pixels("strips.png")).max() <= 1


@pytest.mark.parametrize(
    ("text", "expected"), [("3GB", 3e9), ("800 mb", 8e8), ("1.5GiB", 1.5e9), ("1000", 1000)]
)
def test_amounts_of_memory(text: str, expected: float) -> None:
    assert parse_options(["--ckpt", "x", "p", "--max-memory", text]).max_memory == expected


# --- where it is painted ----------------------------------------------------------------------


def left_half(path: Path, size: tuple[int, int]) -> None:
    mask = Image.new("L", size, 0)
    mask.paste(255, (0, 0, size[0] // 2, size[1]))
    mask.save(path)


def test_a_mask_says_where(infer, here: Path) -> None:
    left_half(here / "mask.png", (20, 33))
    assert infer("dog.png", "--output", "full.png").code == 0
    photo, full = pixels("dog.png"), pixels("full.png")
    arguments = ("--mask", "mask.png", "--feather", "0", "--output", "out.png")
    assert infer("dog.png", *arguments).code == 0
    assert np.array_equal(pixels("out.png")[:, :10], full[:, :10])
    assert np.array_equal(pixels("out.png")[:, 10:], photo[:, 10:])
    assert infer("dog.png", *arguments, "--invert-mask").code == 0
    assert np.array_equal(pixels("out.png")[:, :10], photo[:, :10])
    assert np.array_equal(pixels("out.png")[:, 10:], full[:, 10:])


def test_a_folder_of_masks_one_for_each_photo(infer, here: Path) -> None:
    (here / "masks").mkdir()
    left_half(here / "masks" / "dog.jpg", (20, 33))
    assert infer("dog.png", "--mask", "masks", "--output", "out.png").code == 0
    assert np.array_equal(pixels("out.png")[:, 15:], pixels("dog.png")[:, 15:])
    assert "no mask named cat" in one_line(infer("cat.jpg", "--mask", "masks"))


def test_alpha_as_mask(infer, here: Path) -> None:
    left_half(here / "mask.png", (20, 33))
    photo = Image.open("dog.png").convert("RGB")
    photo.putalpha(Image.open("mask.png").point([max(level, 1) for level in range(256)]))
    photo.save("cut.png")
    assert infer("cut.png", "--mask", "alpha", "--feather", "0", "--output", "out.png").code == 0
    with Image.open("out.png") as out:
        assert out.mode == "RGBA"
        result = np.asarray(out.convert("RGB"), dtype=int)
    assert np.abs(result[:, 10:] - pixels("dog.png")[:, 10:]).max() <= 2
    assert np.abs(result[:, :10] - pixels("dog.png")[:, :10]).max() > 20
    assert "dog.png has no alpha channel" in one_line(infer("dog.png", "--mask", "alpha"))


def test_two_styles_in_one_picture(infer, here: Path, other_ckpt: Path) -> None:
    left_half(here / "left.png", (20, 33))
    Image.open("left.png").point(lambda level: 255 - level).save("right.png")
    both = ("--mask", "left.png", "--ckpt", str(other_ckpt), "--mask", "right.png")
    assert infer("dog.png", *both, "--feather", "0", "--output", "out.png").code == 0
    for path, columns in ((None, slice(0, 10)), (other_ckpt, slice(10, 20))):
        alone = {} if path is None else {"ckpt": path}
        assert infer("dog.png", "--output", "alone.png", **alone).code == 0
        assert np.array_equal(pixels("out.png")[:, columns], pixels("alone.png")[:, columns])


def test_two_styles_need_two_masks(infer, here: Path, other_ckpt: Path) -> None:
    message = one_line(infer("dog.png", "--ckpt", str(other_ckpt)))
    assert "2 styles need 2 masks, not 0" in message


# --- files as life has them -------------------------------------------------------------------


def test_awkward_files(tmp_path: Path, infer, monkeypatch: pytest.MonkeyPatch) -> None:
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
            width, height = image.size
            places = [
                (x, y) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)
            ]
            picture = np.asarray(image.convert("RGB"), dtype=int)
            found = [picture[y, x] for x, y in places]
        if file.alpha is None:
            assert np.abs(np.subtract(found, file.corners)).max() <= file.tolerance, file.name


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to another process")
def test_watching_on_the_command_line_until_ctrl_c(here: Path, ckpt: Path) -> None:
    (here / "inbox").mkdir()
    command = ["infer", "--ckpt", str(ckpt), "--device", "cpu"]
    with started(here, *command, "--watch", "inbox", "--output", "out") as running:
        assert running.stdout is not None
        assert "watching inbox" in running.stdout.readline()
        (here / "inbox" / "bad.jpg").write_text("no photo")
        (here / "cat.jpg").rename(here / "inbox" / "cat.jpg")
        deadline = time.monotonic() + 120
        while not (here / "out" / "cat.jpg").is_file():
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 0
    assert "bad.jpg" in err
    assert "Traceback" not in err
