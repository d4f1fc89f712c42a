"""Every command of the README runs: as it stands, or with the tiny settings of the tests added."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from faststyle.compare import command as compare
from faststyle.evaluate import command as evaluate
from faststyle.explore import command as explore
from faststyle.infer import command as infer
from faststyle.optimize import command as optimize
from tests.support.checkout import CHECKOUT
from tests.support.clips import write_clip
from tests.support.commands import Outcome
from tests.support.explorations import shorten
from tests.support.pictures import noise_picture
from tests.support.runs import QUICKSTART_SHORT, TINY_LAYERS, smoke

# What experiment=smoke sets, for commands with an experiment of their own.
SMOKE_GALLERY = (
    *("data=synthetic", "data.image_size=32", "data.num_images=8", "data.num_val_images=2"),
    *("network.width=4", "network.num_residual_blocks=1", "style.size=64"),
    *("trainer.max_steps=2", "trainer.photo_steps=2", "data.batch_size=2", "data.num_workers=0"),
)
FASTSTYLE = ("explore", "optimize", "evaluate", "compare")
README = (CHECKOUT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands(program: str) -> list[list[str]]:
    """Arguments of each command in the README that starts with `program`."""
    lines = [
        part for block in blocks("bash") for line in block.splitlines() for part in line.split("&&")
    ]
    start = shlex.split(program)
    split = [shlex.split(line) for line in lines]
    return [words[len(start) :] for words in split if words[: len(start)] == start]


@pytest.fixture
def new_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what a checkout holds, and the files that the README takes for granted."""
    for folder in ("checkpoints", "docs"):
        shutil.copytree(CHECKOUT / folder, tmp_path / folder)
    (tmp_path / "holiday").mkdir()
    (tmp_path / "photos").mkdir()
    pictures = ["photo.jpg", "painting.jpg", "starry_night.jpg"]
    pictures += [f"{folder}/{i}.jpg" for folder in ("holiday", "photos") for i in range(4)]
    for seed, name in enumerate(pictures):
        noise_picture(seed, 64, 48).save(tmp_path / name)
    write_clip(tmp_path / "clip.mp4", pts=range(0, 4000, 400))
    for name in ("sky.png", "ground.png"):
        noise_picture(0, 64, 48).convert("L").save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_only_known_programs_are_named():
    modules = ("infer", "train", *(f"faststyle.{name}" for name in FASTSTYLE))
    known = ("pip install", "pytest", "tensorboard", *(f"python -m {name}" for name in modules))
    found = sum(len(commands(program)) for program in known)
    all_lines = [line for block in blocks("bash") for line in block.splitlines()]
    assert found == sum(len(line.split("&&")) for line in all_lines) > 8


def test_continuous_integration_installs_and_tests_as_the_readme_says():
    script = (CHECKOUT / ".ci" / "run").read_text()
    (tests,) = (block for block in blocks("bash") if "pytest" in block)
    install, run = tests.strip().split(" && ")
    assert install.replace("install", "install --quiet") in script
    assert run in script.splitlines()


def test_infer_commands(new_user: Path):
    for trained in ("mine", "starry_night_quickstart"):
        shutil.copy("checkpoints/starry_night.safetensors", f"checkpoints/{trained}.safetensors")
    for arguments in commands("python -m infer"):
        assert infer.main(arguments) == 0
    pictures = ("stylized.png", "strip.png", "bold.png", "sky_only.png", "both.png")
    for made in (
        "stylized/starry_night/landscape.jpg",
        *pictures,
        "results/photo.jpg",
        "results/3.jpg",
    ):
        assert (new_user / made).stat().st_size > 1000
    for made in ("stylized.mp4", "results/clip.mp4"):
        assert (new_user / made).stat().st_size > 1000


def test_optimize_commands(new_user: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch):
    for arguments in commands("python -m faststyle.optimize"):
        tiny = [*TINY_LAYERS, f"loss_network.weights={tiny_weights}", "size=48", "steps=2"]
        monkeypatch.setattr(sys, "argv", ["optimize", *arguments, *tiny, "device=cpu"])
        optimize.main()
    for made in ("optimized.png", "blend.png", "texture.png"):
        assert (new_user / made).stat().st_size > 1000


def test_evaluate_command(new_user: Path, tiny_weights: Path):
    shutil.copy(tiny_weights, "vgg19.pth")
    (arguments,) = commands("python -m faststyle.evaluate")
    tiny = ["--sizes", "48", "--iterations", "2", "--cache", "cache", "--set", *TINY_LAYERS]
    assert evaluate.main([*arguments, *tiny]) == 0
    assert (new_user / "evaluation" / "results.json").is_file()


def test_compare_command(new_user: Path):
    (arguments,) = commands("python -m faststyle.compare")
    assert compare.main(arguments) == 0
    assert (new_user / "compare.html").read_text().count("data:image/jpeg;base64,") == 12


def test_explore_command(new_user: Path, monkeypatch: pytest.MonkeyPatch):
    (arguments,) = commands("python -m faststyle.explore")
    assert explore.main([*arguments, *shorten(monkeypatch)]) == 0
    assert (new_user / "explored" / "painting" / "page.jpg").stat().st_size > 1000


def test_python_block(new_user: Path):
    (block,) = blocks("python")
    exec(block, {})
    assert (new_user / "stylized.png").stat().st_size > 1000


def test_train_and_tensorboard_commands(
    new_user: Path, tiny_weights: Path, train_cli: Callable[..., Outcome]
):
    resumed = "runs/mine/2026-01-31_12-00-00"
    for arguments in commands("python -m train"):
        if f"resume={resumed}" in arguments:
            min(Path("runs/mine").iterdir()).rename(resumed)
        elif "resume=latest" in arguments:
            pass  # as it stands: the settings are the run's
        elif any(a in arguments for a in ("experiment=quickstart", "experiment=restyle")):
            arguments += QUICKSTART_SHORT
        else:
            given = {argument.partition("=")[0] for argument in arguments}
            # The README's own file names stay as they are, but for the real loss network.
            given -= {"loss_network.weights"}
            arguments = [a for a in arguments if not a.startswith("loss_network.weights=")]
            settings = smoke(Path("painting.jpg"), tiny_weights, new_user)
            settings += SMOKE_GALLERY if "experiment" in given else []
            arguments += [s for s in settings if s.partition("=")[0] not in given]
        outcome = train_cli(*arguments)
        assert outcome.code == 0, outcome.err
    for trained in ("mine", "mine_quickstart", "starry_night_quickstart", "great_wave_quickstart"):
        assert Path(f"checkpoints/{trained}.safetensors").is_file()
    assert Path(resumed).is_dir()
    (arguments,) = commands("tensorboard")
    inspected = subprocess.run(
        [sys.executable, "-m", "tensorboard.main", "--inspect", *arguments],
        capture_output=True,
        text=True,
    )
    assert inspected.returncode == 0, inspected.stderr
    # The tags that TensorBoard lists, each on a line of its own.
    shown = {line.strip() for line in inspected.stdout.splitlines()}
    assert {"val/total_loss", "val/content_loss", "val/style_loss"} <= shown
