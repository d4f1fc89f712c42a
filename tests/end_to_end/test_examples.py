"""Each example runs as it stands, on pictures of a few pixels."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.support.checkout import CHECKOUT
from tests.support.pictures import noise_picture
from tests.support.runs import QUICKSTART_SHORT

EXAMPLES = CHECKOUT / "examples"


def run(folder: Path, *command: object) -> subprocess.CompletedProcess[str]:
    # The script calls `python`, which must be the one that runs the tests.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def pictures(folder: Path) -> dict[str, Image.Image]:
    """All pictures in a folder, by name."""
    found = {}
    for path in folder.iterdir():
        with Image.open(path) as image:
            found[path.name] = image.copy()
    return found


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    noise_picture(0, 64, 48).save(path)
    return path


def test_every_example_has_a_test() -> None:
    names = {path.name for path in EXAMPLES.iterdir() if path.is_file()}
    assert names == {"library.py", "folder_of_photos.py", "own_painting.sh"}


def test_library(tmp_path: Path, photo: Path) -> None:
    done = run(tmp_path, sys.executable, EXAMPLES / "library.py", photo, "--output", "made")
    assert done.returncode == 0, done.stderr
    assert "starry_night" in done.stdout
    assert "A batch: (2, 3, 64, 64)" in done.stdout
    assert "take image.unsqueeze(0)" in done.stdout
    made = pictures(tmp_path / "made")
    assert set(made) == {"full.png", "strength_0.3.png", "strength_0.6.png", "bold.png"}
    assert {image.size for image in made.values()} == {(64, 48)}
    assert len({image.tobytes() for image in made.values()}) == len(made)


def test_library_answers_an_unknown_style_in_one_line(tmp_path: Path, photo: Path) -> None:
    done = run(tmp_path, sys.executable, EXAMPLES / "library.py", photo, "--style", "stary_night")
    assert done.returncode == 1
    assert done.stderr.startswith("library.py: no such checkpoint: stary_night")
    assert done.stderr.count("\n") == 1


def test_folder_of_photos(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for seed in range(3):
        noise_picture(seed, 64, 48).save(tmp_path / "photos" / f"{seed}.jpg")
    (tmp_path / "photos" / "bad.jpg").write_text("not a picture")
    whole = (tmp_path / "photos" / "2.jpg").read_bytes()
    (tmp_path / "photos" / "short.jpg").write_bytes(whole[: len(whole) // 2])
    example = EXAMPLES / "folder_of_photos.py"
    done = run(tmp_path, sys.executable, example, "photos", "made", "--max-size", "32")
    assert done.returncode == 1
    assert "3 of 5 files are stylized in made" in done.stdout
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
        str(Path("photos", name)) for name in ("bad.jpg", "short.jpg")
    ]
    sizes = {name: image.size for name, image in pictures(tmp_path / "made").items()}
    assert sizes == {f"{seed}.png": (32, 24) for seed in range(3)}


@pytest.mark.skipif(sys.platform == "win32", reason="a script of bash")
def test_own_painting(tmp_path: Path, photo: Path) -> None:
    noise_picture(9, 64, 48).save(tmp_path / "my painting.jpg")
    (tmp_path / "photos").mkdir()
    for seed in range(4):
        noise_picture(seed, 64, 48).save(tmp_path / "photos" / f"{seed}.jpg")
    given = ("mine", "my painting.jpg", "photos/", photo.name)
    tiny = (*QUICKSTART_SHORT, "style.size=64", "network.width=4", "network.num_residual_blocks=1")
    done = run(tmp_path, "bash", EXAMPLES / "own_painting.sh", *given, *tiny)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "checkpoints" / "mine_quickstart.safetensors").is_file()
    made = pictures(tmp_path / "stylized" / "mine_quickstart")
    assert made["photo.jpg"].size == (64, 48)
    usage = run(tmp_path, "bash", EXAMPLES / "own_painting.sh", "mine")
    assert usage.returncode == 2
    assert usage.stderr.startswith("usage: ")
