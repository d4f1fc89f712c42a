"""python -m faststyle.explore: the page, going on after an interruption, and the full training."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.explore.cells import PAINTED, VIVID
from faststyle.explore.learn import Explorer
from faststyle.train.nearest import start_from_nearest
from tests.support.commands import Outcome, one_line
from tests.support.pictures import noise_picture
from tests.support.runs import QUICKSTART_SHORT

ExploreCli = Callable[..., Outcome]
ODD = "my painting (1).jpg"


@pytest.fixture
def own_painting(painting: Path, tmp_path: Path) -> Path:
    shutil.copy(painting, tmp_path / ODD)
    return tmp_path / ODD


def full_trainings(outcome: Outcome) -> list[list[str]]:
    lines = [line for line in outcome.out.splitlines() if line.startswith("  python -m train")]
    return [shlex.split(line)[3:] for line in lines]


def test_an_exploration_and_the_full_training_of_a_cell(
    explore_cli: ExploreCli,
    own_painting: Path,
    photo_dir: Path,
    tmp_path: Path,
    train_cli: Callable[..., Outcome],
) -> None:
    noise_picture(5, 40, 60).save(tmp_path / "me.jpg")
    outcome = explore_cli("--style-image", ODD, "--photo", "me.jpg", "--photos", photo_dir)
    assert (outcome.code, outcome.err) == (0, "")
    folder = tmp_path / "explored" / "my_painting_1_"
    assert "4 cells of 2 steps" in outcome.out
    plan = json.loads((folder / "plan.json").read_text())
    assert [(c["style_weight"], c["size"]) for c in plan["cells"]] == [
        (1.5, 64),
        (1.5, 256),
        (10.0, 64),
        (10.0, 256),
    ]
    start = read_checkpoint(folder / "cells" / "start.safetensors")
    for cell in plan["cells"]:
        found = read_checkpoint(folder / "cells" / f"cell_{cell['number']}.safetensors")
        assert found.metadata["loss"]["style_weight"] == cell["style_weight"]
        assert found.metadata["style"]["size"] == cell["size"]
        assert found.metadata["training"]["steps"] == 2
        assert found.metadata["training"]["init_from"] == "start.safetensors"
        assert 0 < found.metadata["metrics"]["val/style_loss"] < 10
        assert any((found.state_dict[k] != v).any() for k, v in start.state_dict.items())
    with Image.open(folder / "page.jpg") as page:
        assert page.width > 4 * 64
        assert page.height > 5 * 64

    quick, full = full_trainings(outcome)
    assert full[: len(quick)] == quick
    trained = train_cli(*quick, *QUICKSTART_SHORT)
    assert trained.code == 0, trained.err
    learned = read_checkpoint(tmp_path / "checkpoints" / "my_painting_1__cell_3.safetensors")
    assert learned.metadata["training"]["init_from"] == "cell_3.safetensors"
    assert learned.metadata["style"]["name"] == "my_painting_1_"
    assert learned.metadata["style"]["image"] == ODD
    assert learned.metadata["loss"]["style_weight"] == 10.0
    assert learned.metadata["data"]["source"] == "folder"


def test_an_interrupted_exploration_keeps_its_cells_and_goes_on(
    explore_cli: ExploreCli, own_painting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn_cell = Explorer.learn_cell

    def interrupted(self: Explorer, plan, cell) -> None:
        if cell.number == 3:
            raise KeyboardInterrupt
        learn_cell(self, plan, cell)

    monkeypatch.setattr(Explorer, "learn_cell", interrupted)
    stopped = explore_cli("--style-image", ODD, "--output", "page")
    assert stopped.code == 130
    assert "the same command goes on" in stopped.out
    cells = tmp_path / "page" / "cells"
    done = {path.name: path.stat().st_mtime_ns for path in cells.iterdir()}
    assert set(done) == {"start.safetensors", "cell_1.safetensors", "cell_2.safetensors"}
    before = np.asarray(Image.open(tmp_path / "page" / "page.jpg"))

    monkeypatch.setattr(Explorer, "learn_cell", learn_cell)
    # The plan has its cells: another time changes nothing.
    outcome = explore_cli("--style-image", ODD, "--output", "page", "--minutes", 9)
    assert (outcome.code, outcome.err) == (0, "")
    assert "Starting from" not in outcome.out
    assert {name: (cells / name).stat().st_mtime_ns for name in done} == done
    assert len(list(cells.iterdir())) == 5
    after = np.asarray(Image.open(tmp_path / "page" / "page.jpg"))
    assert before.shape == after.shape
    half = len(before) // 2
    assert np.abs(before[half:].astype(int) - after[half:]).max() > 50


def test_a_finished_exploration_shows_another_photo_without_training(
    explore_cli: ExploreCli, own_painting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert explore_cli("--style-image", ODD, "--output", "page").code == 0
    with Image.open("page/page.jpg") as page:
        height = page.height
    monkeypatch.setattr(Explorer, "learn_cell", lambda *_: pytest.fail("nothing is left to train"))
    noise_picture(5, 60, 60).save("me.png")
    assert explore_cli("--style-image", ODD, "--output", "page", "--photo", "me.png").code == 0
    with Image.open("page/page.jpg") as page:
        assert page.height >= height + 2 * 60


def test_vivid_cells_learn_from_vivid_colors_that_their_settings_name(
    explore_cli: ExploreCli, own_painting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faststyle.explore.cells.GRIDS", (((10.0,), (0,), (PAINTED, VIVID)),))
    assert explore_cli("--style-image", ODD, "--name", "mine").code == 0
    folder = tmp_path / "explored" / "mine"
    cells = json.loads((folder / "plan.json").read_text())["cells"]
    colors = {cell["colors"] for cell in cells}
    assert colors == {"as painted", "vivid"}
    for cell in cells:
        name = f"cell_{cell['number']}"
        image = "vivid.png" if cell["colors"] == "vivid" else ODD
        metadata = read_checkpoint(folder / "cells" / f"{name}.safetensors").metadata
        assert metadata["style"]["image"] == image
        settings = OmegaConf.load(folder / "experiment" / f"{name}.yaml")
        assert Path(settings.style.image).name == image
        assert Path(settings.style.image).is_file()
        assert Path(settings.init_from).is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--style-image", "gone.jpg"], "--style-image: "),
        (["--style-image", ODD, "--photo", "gone.jpg"], "--photo: "),
        (["--style-image", ODD, "--photos", "gone"], "--photos: no such folder"),
        (["--style-image", ODD, "--name", "a/b"], "--name: 'a/b' names files"),
        (["--style-image", ODD, "--output", "full"], "--output: full holds other files"),
        (["--style-image", "flat.png"], "--style-image: flat.png"),
        (["--style-image", "thin.png"], "--style-image"),
    ],
)
def test_wrong_options_are_one_line_and_write_nothing(
    arguments: list[str], said: str, explore_cli: ExploreCli, own_painting: Path, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "page.jpg").write_bytes(b"mine")
    Image.new("RGB", (64, 64), "red").save(tmp_path / "flat.png")
    noise_picture(0, 600, 2).save(tmp_path / "thin.png")
    before = sorted(tmp_path.rglob("*"))
    message = one_line(explore_cli(*arguments))
    assert said in message
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_of_another_exploration_is_refused(
    explore_cli: ExploreCli, own_painting: Path, photo_dir: Path, tmp_path: Path
) -> None:
    assert explore_cli("--style-image", ODD, "--output", "page").code == 0
    noise_picture(9).save(tmp_path / "other.png")
    for arguments, said in (
        (["--style-image", "other.png"], "page was explored with another painting"),
        (["--style-image", ODD, "--photos", photo_dir], "training photos of drawn pictures"),
        (["--style-image", ODD, "--name", "other"], "the style name my_painting_1_"),
    ):
        assert said in one_line(explore_cli(*arguments, "--output", "page"))
    (tmp_path / "page" / "plan.json").write_text("{")
    message = one_line(explore_cli("--style-image", ODD, "--output", "page"))
    assert "cannot read page/plan.json" in message


def test_the_start_is_the_nearest_style(
    explore_cli: ExploreCli, own_painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []

    def spied(*arguments):
        found.append(start_from_nearest(*arguments))
        return found[-1]

    monkeypatch.setattr("faststyle.explore.learn.start_from_nearest", spied)
    assert explore_cli("--style-image", ODD, "--output", "page").code == 0
    start = read_checkpoint(Path("page/cells/start.safetensors"))
    assert start.metadata["training"]["init_from"] == found[0].file
