"""Nothing is replaced that was not made of the same photo; results know what they were made of."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from faststyle.errors import NameTaken
from faststyle.images.write import save_image
from faststyle.infer.records import Record, record_in
from faststyle.infer.results import Results
from faststyle.infer.tasks import Task
from tests.support.commands import one_line, started
from tests.support.pictures import noise_picture, written


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def trips(here: Path) -> Path:
    """Two folders with different photos of one name, as cameras give them."""
    for number, name in enumerate(("trip1", "trip2")):
        (here / name).mkdir()
        noise_picture(number, 24, 20).save(here / name / "IMG_0001.jpg")
    return here


# --- folders ----------------------------------------------------------------------------------


def test_an_original_in_the_output_folder_stays(infer, trips: Path) -> None:
    before = digests(trips / "trip2")
    assert infer("trip1", "--output", "trip2").code == 0
    after = digests(trips / "trip2")
    assert after.keys() == {"IMG_0001.jpg", "IMG_0001_2.jpg"}
    assert after["IMG_0001.jpg"] == before["IMG_0001.jpg"]


def test_another_folder_does_not_replace_the_results_of_the_first(infer, trips: Path) -> None:
    assert infer("trip1").code == 0
    first = digests(trips / "stylized")
    outcome = infer("trip2", "--skip-existing")
    assert outcome.code == 0
    assert "already" not in outcome.out
    assert outcome.out.strip() == str(Path("stylized", "tiny", "IMG_0001_2.jpg"))
    both = digests(trips / "stylized")
    assert len(set(both.values())) == 2
    assert first.items() <= both.items()
    # Again, each finds its own, whatever the order.
    for trip in ("trip2", "trip1"):
        assert "1 of 1 are there already" in infer(trip, "--skip-existing").out
        assert infer(trip).code == 0
        assert digests(trips / "stylized") == both


def test_another_style_or_option_takes_another_name(infer, here: Path, ckpt: Path) -> None:
    assert infer("cat.jpg", "--output", "out").code == 0
    first = digests(here / "out")
    other = ("--strength", "0.5", "--skip-existing")
    assert infer("cat.jpg", *other, "--output", "out").out == f"{Path('out', 'cat_2.jpg')}\n"
    assert first.items() <= digests(here / "out").items()
    outcome = infer("cat.jpg", *other, "--max-memory", "1MB", "--output", "out")
    assert "1 of 1 are there already" in outcome.out  # the memory allowed changes no result


def test_a_changed_photo_is_another_photo(infer, here: Path) -> None:
    assert infer("cat.jpg", "--output", "out").code == 0
    noise_picture(9, 30, 20).save(here / "cat.jpg")
    assert infer("cat.jpg", "--output", "out", "--skip-existing").code == 0
    assert written(here / "out") == {"cat.jpg": (41, 30), "cat_2.jpg": (30, 20)}


def test_overwrite_replaces_all_but_the_photos_themselves(infer, trips: Path) -> None:
    photos = digests(trips / "trip1")
    assert infer("trip1", "--output", "trip2", "--overwrite").code == 0
    assert written(trips / "trip2") == {"IMG_0001.jpg": (24, 20)}
    assert record_in(trips / "trip2" / "IMG_0001.jpg") is not None
    assert infer("trip1", "--output", "trip1", "--overwrite").code == 0
    assert photos.items() <= digests(trips / "trip1").items()
    assert "not allowed with" in infer("trip1", "--overwrite", "--skip-existing").err


def test_equal_photos_of_one_run_have_a_result_each(infer, here: Path) -> None:
    for name in ("a", "b"):
        (here / name).mkdir()
        shutil.copy("cat.jpg", here / name / "x.jpg")
    for _ in range(2):
        assert infer("a", "b", "--output", "out").code == 0
        assert sorted(written(here / "out")) == ["x.jpg", "x_2.jpg"]
    assert "2 of 2 are there already" in infer("a", "b", "--output", "out", "--skip-existing").out


def test_results_beside_their_photos_are_not_stylized_again(infer, here: Path) -> None:
    for _ in range(2):
        assert infer(".", "--output", ".").code == 0
    assert sorted(written(here)) == ["cat.jpg", "cat_2.jpg", "dog.png", "dog_2.png"]


def test_a_mask_is_part_of_what_was_asked_for(infer, here: Path) -> None:
    arguments = ("cat.jpg", "--mask", "mask.png", "--output", "out", "--skip-existing")
    for level, names in ((255, ["cat.jpg"]), (90, ["cat.jpg", "cat_2.jpg"])):
        Image.new("L", (41, 30), level).save("mask.png")
        assert infer(*arguments).code == 0
        assert "already" in infer(*arguments).out
        assert sorted(written(here / "out")) == names


@pytest.mark.parametrize("kind", ["folder", "link to nothing"])
def test_anything_of_the_name_is_in_the_way(kind: str, infer, here: Path) -> None:
    (here / "out").mkdir()
    if kind == "folder":
        (here / "out" / "cat.jpg").mkdir()
    else:
        (here / "out" / "cat.jpg").symlink_to("nowhere.jpg")
    assert infer("cat.jpg", "--output", "out").out == f"{Path('out', 'cat_2.jpg')}\n"
    assert not (here / "out" / "nowhere.jpg").exists()


# --- a file that the user names ---------------------------------------------------------------


def test_a_named_file_is_replaced_by_results_of_the_same_photo_alone(infer, here: Path) -> None:
    for strength in ("1", "0.5"):
        assert infer("cat.jpg", "--strength", strength, "--output", "out.png").code == 0
    before = digests(here)
    message = one_line(infer("dog.png", "--output", "out.png"))
    assert "--output out.png exists and is not a result of dog.png; give another name" in message
    assert "not a result of cat.jpg" in one_line(infer("cat.jpg", "--output", "dog.png"))
    assert digests(here) == before
    assert infer("dog.png", "--output", "out.png", "--overwrite").code == 0
    assert written(here)["out.png"] == (20, 33)


def test_skip_existing_looks_into_a_named_file(infer, here: Path) -> None:
    arguments = ("cat.jpg", "--output", "out.png", "--skip-existing")
    assert infer(*arguments).out == "out.png\n"
    assert "1 of 1 are there already" in infer(*arguments).out
    assert infer(*arguments, "--keep-color").out == "out.png\n"


# --- what is recorded -------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"])
@pytest.mark.parametrize("photo", ["plain", "dated", "transparent"])
def test_every_format_keeps_the_record(suffix: str, photo: str, infer, here: Path) -> None:
    picture, exif = noise_picture(3, 22, 17), Image.Exif()
    if photo == "dated":
        exif[Base.Artist] = "Zoë".encode()
        exif[Base.Software] = "a camera's own"
        exif[IFD.Exif] = {Base.DateTimeOriginal: "2020:01:02 03:04:05"}
    if photo == "transparent":
        picture.putalpha(128)
    name = "photo.png" if photo == "transparent" else "photo.jpg"
    picture.save(name, exif=exif)
    (here / "private name").mkdir()
    target = Path("private name", f"result{suffix}")
    assert infer(name, "--output", str(target)).code == 0
    record = record_in(target)
    assert record is not None
    assert record.photo == hashlib.sha256(Path(name).read_bytes()).hexdigest()[:32]
    assert "already" in infer(name, "--output", str(target), "--skip-existing").out
    content = target.read_bytes()
    for private in (name, "private name", str(here), "tiny", "a camera's own"):
        assert private.encode() not in content
    if photo == "dated":
        assert "Zoë".encode() in content
        assert b"2020:01:02 03:04:05" in content


def test_what_is_no_result_has_no_record(here: Path) -> None:
    (here / "text.jpg").write_text("faststyle photo=")
    exif = Image.Exif()
    exif[Base.Software] = "faststyle photo=12 recipe=34"
    noise_picture(0).save("forged.png", exif=exif)
    for name in ("cat.jpg", "text.jpg", "forged.png", "missing.jpg", "."):
        assert record_in(Path(name)) is None


# --- two at once ------------------------------------------------------------------------------

RECORD = Record("0" * 32, "1" * 32)


@pytest.mark.parametrize("hard_links", [True, False])
def test_a_name_that_is_taken_while_we_stylize(
    hard_links: bool, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process makes the file between our look and our writing."""
    if not hard_links:

        def link(*_: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", link)
    names: list[str] = []

    def write(path: Path, replace: bool) -> None:
        if not names:
            path.write_text("another's")
        names.append(path.name)
        save_image(noise_picture(0), path, replace=replace)

    results = Results([], overwrite=False)
    path = results.save(Task(here / "cat.jpg", here / "x.png"), RECORD, write)
    assert names == ["x.png", "x_2.png"]
    assert (here / "x.png").read_text() == "another's"
    with Image.open(path) as image:
        assert image.size == (48, 40)
    with pytest.raises(NameTaken):
        save_image(noise_picture(0), here / "x.png", replace=False)
    assert sorted(path.name for path in here.iterdir()) == [
        *("cat.jpg", "dog.png", "x.png", "x_2.png")
    ]


def test_processes_at_once_lose_nothing(here: Path) -> None:
    """Four processes write five pictures each under one wished name."""
    program = (
        "import sys; from pathlib import Path; from PIL import Image\n"
        "from faststyle.images.write import save_image\n"
        "from faststyle.infer.records import Record\n"
        "from faststyle.infer.results import Results; from faststyle.infer.tasks import Task\n"
        "for n in range(5):\n"
        "    image = Image.new('RGB', (8, 8), (int(sys.argv[1]), n, 0))\n"
        "    Results([], overwrite=False).save(Task(Path('p'), Path('out', 'x.png')),\n"
        "        Record('0' * 32, '1' * 32), lambda p, r: save_image(image, p, replace=r))\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(n)]) for n in range(4)]
    assert [process.wait(timeout=120) for process in running] == [0] * 4
    colors = set()
    for path in (here / "out").iterdir():
        with Image.open(path) as image:
            colors.add(image.getpixel((0, 0)))
    assert colors == {(process, n, 0) for process in range(4) for n in range(5)}


# --- watching ---------------------------------------------------------------------------------


def wait_for(running: subprocess.Popen[str], condition: Callable[[], bool]) -> None:
    assert running.stderr is not None
    for _ in range(1200):
        if condition():
            return
        assert running.poll() is None, running.stderr.read()
        try:
            running.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError("nothing happened")


def test_watched_photos_of_one_name_keep_their_results(here: Path, ckpt: Path) -> None:
    """Of another ending, and from a camera that counts anew; a share that goes away comes back."""
    inbox, out = here / "inbox", here / "out"
    inbox.mkdir()
    command = ["infer", "--ckpt", str(ckpt), "--device", "cpu"]
    with started(here, *command, "--watch", "inbox", "--output", "out") as running:
        noise_picture(0, 10, 10).save(inbox / "a.png")
        wait_for(running, (out / "a.png").exists)
        first = digests(out)
        noise_picture(1, 11, 11).save(inbox / "a.bmp")
        wait_for(running, (out / "a_2.png").exists)
        inbox.rename(here / "away")
        assert running.stderr is not None
        assert "cannot list inbox" in running.stderr.readline()
        noise_picture(2, 12, 12).save(here / "away" / "a.png")
        (here / "away").rename(inbox)
        wait_for(running, (out / "a_3.png").exists)
    assert first.items() <= digests(out).items()
    assert written(out) == {"a.png": (10, 10), "a_2.png": (11, 11), "a_3.png": (12, 12)}
