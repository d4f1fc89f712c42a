"""The wheel has what it needs, and trains and infers in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

import faststyle
from faststyle.files.paths import ASSETS_DIR, CONF_DIR
from tests.support.checkout import CHECKOUT
from tests.support.commands import RunCli
from tests.support.pictures import noise_picture


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, CHECKOUT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_source_distribution_has_all_pages_examples_and_tests(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--sdist",
            "--no-isolation",
            "--outdir",
            tmp_path,
            CHECKOUT,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    folders = ("docs", "examples", "tests", "scripts", "conf")
    files = [*CHECKOUT.glob("*.md"), CHECKOUT / "LICENSE", CHECKOUT / "CITATION.cff"]
    files += [path for folder in folders for path in (CHECKOUT / folder).rglob("*.*")]
    wanted = {path.relative_to(CHECKOUT).as_posix() for path in files if path.is_file()}
    wanted = {name for name in wanted if "__pycache__" not in name}
    assert {"ARCHITECTURE.md", "CONTRIBUTING.md", "examples/library.py", "docs/api.md"} <= wanted
    assert wanted <= names, wanted - names


def test_the_wheel_has_the_version_of_the_package(wheel: Path) -> None:
    assert wheel.name.startswith(f"faststyle_torch-{faststyle.__version__}-")


def test_contents_of_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = next(name for name in names if name.endswith("entry_points.txt"))
        scripts = archive.read(entry_points).decode()
    source = CHECKOUT / "src"
    code = {path.relative_to(source).as_posix() for path in source.rglob("*.py")}
    conf = {f"faststyle/conf/{path.relative_to(CONF_DIR)}" for path in CONF_DIR.rglob("*.yaml")}
    assert {"train.py", "infer.py"} <= code
    assert {"faststyle/conf/train.yaml", "faststyle/conf/style/starry_night.yaml"} <= conf
    assets = {path.relative_to(source).as_posix() for path in ASSETS_DIR.rglob("*.*")}
    assert "faststyle/assets/styles/starry_night.jpg" in assets
    assert {f"faststyle/assets/compact{suffix}" for suffix in (".safetensors", ".md")} <= assets
    assert code | conf | assets | {"faststyle/py.typed", "faststyle/assets/landscape.jpg"} <= names
    styles = {
        f"faststyle/assets/checkpoints/{path.name}"
        for path in (CHECKOUT / "checkpoints").glob("*.safetensors")
    }
    assert "faststyle/assets/checkpoints/starry_night.safetensors" in styles <= names
    tops = {name.split("/")[0] for name in names}
    assert tops == {"train.py", "infer.py", "faststyle", *(t for t in tops if "dist-info" in t)}
    assert not any("test" in name for name in names)
    assert "faststyle-train = faststyle.train.command:main" in scripts
    assert "faststyle-infer = faststyle.infer.command:main" in scripts
    assert "faststyle-import = faststyle.convert.command:main" in scripts
    assert "faststyle-page = faststyle.page.command:main" in scripts
    web = {f"faststyle/page/web/{name}" for name in ("page.html", "page.css", "kernels.js")}
    assert web <= names
    assert "faststyle-export = faststyle.export.command:main" in scripts


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-index", "--target", str(folder), str(wheel)),
        ],
        check=True,
    )
    return folder


def test_an_installed_wheel_has_its_styles_at_hand_anywhere(
    installed: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    path = os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")])
    outcome = run_cli("infer", "--list", PYTHONPATH=path)
    assert outcome.code == 0, outcome.err
    shipped = {file.stem for file in (CHECKOUT / "checkpoints").glob("*.safetensors")}
    assert {line.split()[0] for line in outcome.out.splitlines()} == shipped
    assert all(line.endswith("bundled)") for line in outcome.out.splitlines())

    noise_picture(0, 37, 29).save(tmp_path / "photo.png")
    outcome = run_cli("infer", "--ckpt", "starry_night", "photo.png", PYTHONPATH=path)
    assert outcome.code == 0, outcome.err
    with Image.open(tmp_path / "stylized" / "starry_night" / "photo.png") as image:
        assert image.size == (37, 29)
    probe = (
        "import faststyle\nfor n in %r: print(faststyle.load_style(n).metadata['style']['name'])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", probe % sorted(shipped)],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert loaded.stdout.split() == sorted(shipped)


def test_the_wheel_trains_and_infers_in_an_empty_folder(
    installed: Path, run_cli: RunCli, tiny_weights: Path, painting: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    path = os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")])
    probe = subprocess.run(
        [sys.executable, "-c", "import faststyle, faststyle.files.paths as p, train\n"
         "print(faststyle.__file__, p.CONF_DIR, train.__file__, sep='\\n')"],
        cwd=empty, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert all(line.startswith(f"{installed}/") for line in probe.stdout.split())

    outcome = run_cli(
        "train",
        "experiment=smoke",
        f"style.image={painting}",
        f"loss_network.weights={tiny_weights}",
        "loss.content_layers=[relu2_2]",
        "loss.style_layers=[relu1_1,relu2_1]",
        "trainer.yardstick=false",
        cwd=empty,
        PYTHONPATH=path,
    )
    assert outcome.code == 0, outcome.err
    checkpoint = empty / "checkpoints" / "starry_night.safetensors"
    assert checkpoint.is_file()

    noise_picture(0, 37, 29).save(empty / "photo.png")
    arguments = ("--ckpt", checkpoint, "photo.png", "--output", "out.png")
    outcome = run_cli("infer", *arguments, cwd=empty, PYTHONPATH=path)
    assert outcome.code == 0, outcome.err
    with Image.open(empty / "out.png") as image:
        assert image.size == (37, 29)
