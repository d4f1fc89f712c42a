"""python -m faststyle.compare: runs, checkpoints and styles on one page."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from faststyle.checkpoints.style_checkpoint import read_checkpoint, write_checkpoint
from faststyle.compare.command import main
from faststyle.compare.runs import open_runs, training_seconds
from tests.support.commands import Outcome, in_process, one_line
from tests.support.pictures import noise_picture
from tests.support.runs import the_run

Compare = Callable[..., Outcome]


class Page(HTMLParser):
    """What a page shows: rows by their heading, what is bold in them, pictures, odd tags."""

    def __init__(self, text: str):
        super().__init__()
        self.rows: dict[str, list[str]] = {}
        self.bold: set[str] = set()
        self.pictures: list[Image.Image] = []
        self.alternatives: list[str] = []
        self.tags: set[str] = set()
        self._heading, self._inside = "", ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        if tag == "b":
            self.bold.add(self._heading)
        if tag == "th" and given.get("scope") == "row":
            self._inside, self._heading = "heading", ""
        if tag == "td" and self._heading:
            self._inside = "cell"
            self.rows[self._heading].append("")
        if tag == "img":
            content = (given["src"] or "").removeprefix("data:image/jpeg;base64,")
            self.pictures.append(Image.open(io.BytesIO(base64.b64decode(content, validate=True))))
            self.alternatives.append(given["alt"] or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "th" and self._inside == "heading":
            self.rows[self._heading] = []
        if tag == "tr":
            self._heading = ""
        if tag in ("th", "td", "b"):
            self._inside = self._inside if tag == "b" else ""

    def handle_data(self, data: str) -> None:
        if self._inside == "heading":
            self._heading += data
        elif self._inside == "cell":
            self.rows[self._heading][-1] += data


@pytest.fixture
def compare_cli(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Compare:
    monkeypatch.chdir(tmp_path)
    noise_picture(1, 90, 60).save(tmp_path / "photo.png")

    def run(*arguments: object) -> Outcome:
        return in_process("compare", lambda: main([*map(str, arguments), "--device", "cpu"]), capfd)

    return run


@pytest.fixture
def styles(ckpt: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Two checkpoints of one network: the second learned longer, with another weight."""
    checkpoint = read_checkpoint(ckpt)
    paths = (tmp_path / "a.safetensors", tmp_path / "b <&> b.safetensors")
    for path, steps, weight in zip(paths, (10, 20), (4.0, 8.0), strict=True):
        metadata = {
            **checkpoint.metadata,
            "loss": {"style_weight": weight, "style_layers": ["relu1_1", "relu2_1"]},
            "training": {"steps": steps, "batch_size": 4},
            "metrics": {"val/style_loss": 1 / steps, "equivalent_lbfgs_iterations": f">{steps}"},
        }
        write_checkpoint(path, checkpoint.build(), metadata)
    return paths


def test_what_differs_is_bold_and_every_value_is_the_runs(
    compare_cli: Compare, styles: tuple[Path, Path], tmp_path: Path
) -> None:
    outcome = compare_cli(*styles, "--photos", "photo.png", "--size", 60, "--output", "out.html")
    assert (outcome.code, outcome.err, outcome.out) == (0, "", "out.html\n")
    text = (tmp_path / "out.html").read_text()
    page = Page(text)
    assert page.rows["loss.style_weight"] == ["4", "8"]
    assert page.rows["training.steps"] == ["10", "20"]
    assert page.rows["images seen"] == ["40", "80"]
    assert page.rows["held-out style loss"] == ["0.1", "0.05"]
    assert page.rows["worth, L-BFGS iterations"] == [">10", ">20"]
    assert page.rows["loss.style_layers"] == ["relu1_1, relu2_1"]
    assert "held-out content loss" not in page.rows
    differing = {"loss.style_weight", "training.steps", "images seen"}
    assert differing <= page.bold
    assert not page.bold & {"loss.style_layers", "network.width", "style.title"}
    assert [picture.size for picture in page.pictures] == [(60, 40)] * 3
    assert page.alternatives[2] == "photo.png in the style of b <&> b"
    assert "b &lt;&amp;&gt; b" in text
    # Nothing is fetched, nothing runs.
    assert not page.tags & {"script", "link", "iframe"}
    assert not re.search(r"""(src|href)=["'](?!data:)""", text)
    assert "prefers-color-scheme: dark" in text


def test_a_run_folder_has_its_time_and_its_final_worth(
    compare_cli: Compare,
    train_cli: Callable[..., Outcome],
    smoke_overrides: list[str],
    tmp_path: Path,
) -> None:
    assert train_cli(*smoke_overrides).code == 0
    folder = the_run(tmp_path)
    final = tmp_path / "checkpoints" / "starry_night.safetensors"
    trained = read_checkpoint(final)
    metadata = trained.metadata
    metadata["metrics"]["equivalent_lbfgs_iterations"] = "7"
    write_checkpoint(final, trained.build(), metadata)
    seconds = training_seconds(folder)
    assert seconds is not None
    assert 0 < seconds < 60

    outcome = compare_cli(folder, folder / "last.ckpt", "--photos", "photo.png")
    assert (outcome.code, outcome.err) == (0, "")
    page = Page((tmp_path / "compare.html").read_text())
    assert page.rows["worth, L-BFGS iterations"] == ["7", "-"]
    assert page.rows["training"][0] == page.rows["training"][1] != "-"
    assert page.rows["training.steps"] == ["2"]
    assert page.rows["held-out style loss"][0] == f"{metadata['metrics']['val/style_loss']:.3g}"
    labels = [run.label for run in open_runs([str(folder), str(folder / "last.ckpt")])]
    assert labels == [str(folder), str(folder / "last.ckpt")]

    # A later run of the same style has replaced the file: its worth is not this run's.
    metadata["metrics"]["val/style_loss"] = 0.5
    write_checkpoint(final, trained.build(), metadata)
    (run,) = open_runs([str(folder)])
    assert "equivalent_lbfgs_iterations" not in run.metrics
    assert run.label == f"starry_night/{folder.name}"


def test_evaluations_are_found_by_their_checkpoint(
    compare_cli: Compare, styles: tuple[Path, Path], tmp_path: Path
) -> None:
    from tests.support.evaluations import results_of

    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / "results.json").write_text(json.dumps(results_of("a.safetensors")))
    given = (*styles, "--photos", "photo.png", "--evaluations", "evaluation")
    assert compare_cli(*given).code == 0
    page = Page((tmp_path / "compare.html").read_text())
    assert page.rows["evaluated: objective, 256 px"] == ["1.23", "-"]
    assert page.rows["evaluated: worth from noise, 256 px"] == [">42 iterations", "-"]
    assert page.rows["evaluated: checkerboard, 256 px"] == ["1.50%", "-"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone", "--photos", "photo.png"], "no such checkpoint: gone"),
        (["empty", "--photos", "photo.png"], "empty: not a run folder, it has no config.yaml"),
        (["unborn", "--photos", "photo.png"], "unborn: the run has no checkpoint yet"),
        (["a.safetensors", "--photos", "gone.png"], "--photos: "),
        (["a.safetensors", "--photos", "empty"], "--photos: no pictures in empty"),
        (["a.safetensors", "--photos", "photo.png", "--output", "a.pdf"], "must end in .html"),
        (["a.safetensors", "--photos", "photo.png", "--output", "old.html"], "give --force"),
        (["a.safetensors", "--photos", "photo.png", "--evaluations", "empty"], "--evaluations: "),
        (["a.safetensors", "--photos", "photo.png", "--evaluations", "bad"], "was not written by"),
        (["a.safetensors", "--photos", "photo.png", "--evaluations", "other"], "not compared"),
    ],
)
def test_wrong_options_are_one_line_and_write_nothing(
    arguments: list[str],
    said: str,
    compare_cli: Compare,
    styles: tuple[Path, Path],
    tmp_path: Path,
) -> None:
    from tests.support.evaluations import results_of

    for folder in ("empty", "unborn", "bad", "other"):
        (tmp_path / folder).mkdir()
    (tmp_path / "unborn" / "config.yaml").write_text("style: {name: mine}")
    (tmp_path / "bad" / "results.json").write_text('{"sizes": 3, "checkpoint": "a"}')
    (tmp_path / "other" / "results.json").write_text(json.dumps(results_of("other.safetensors")))
    (tmp_path / "old.html").write_text("mine")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert said in one_line(compare_cli(*arguments))
    assert before == {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()}


def test_an_existing_page_is_replaced_by_force_alone(
    compare_cli: Compare, styles: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "compare.html").write_text("mine")
    shutil.copy(tmp_path / "photo.png", tmp_path / "again.png")
    given = (styles[0], "--photos", "photo.png", "again.png")
    assert one_line(compare_cli(*given))
    assert compare_cli(*given, "--force").code == 0
    page = Page((tmp_path / "compare.html").read_text())
    assert len(page.pictures) == 4
    assert not page.bold
