"""docs/walkthrough: its notebooks run, and the pages have the texts and the code of the source."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from scripts.docs.walkthrough import read_cells
from tests.support.checkout import CHECKOUT
from tests.support.commands import RunCli

DOCS = CHECKOUT / "docs"
SOURCE = CHECKOUT / "scripts" / "docs" / "walkthrough.txt"
HINT = "run: python -m scripts.docs.walkthrough"


def parts(kind: str) -> list[str]:
    text = SOURCE.read_text(encoding="utf-8")
    found = re.findall(r"^=== (\w+)\n(.*?)(?=^=== |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    return [body.strip() for name, body in found if name == kind]


@pytest.mark.parametrize(("language", "name"), [("en", "walkthrough"), ("zh", "walkthrough.zh")])
def test_pages_and_notebooks_are_those_of_the_source(language: str, name: str) -> None:
    texts, codes = parts(language), parts("code")
    assert len(texts) == len(codes) == 10
    cells = json.loads((DOCS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells]
    assert sources[::2] == texts, HINT
    assert sources[1::2] == codes, HINT
    page = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    blocks = [f"```python\n{code}\n```" for code in codes]
    places = [page.find(part) for pair in zip(texts, blocks, strict=True) for part in pair]
    assert places[0] > 0, HINT
    assert places == sorted(places), HINT
    pictures = re.findall(r"!\[\d+\]\((.*?)\)", page)
    assert {Path(picture).name[:2] for picture in pictures} == {f"{n:02}" for n in range(1, 11)}
    assert all((DOCS / picture).is_file() for picture in pictures)


@pytest.mark.parametrize("name", ["walkthrough", "walkthrough.zh"])
def test_shuffled_tiles_keep_more_of_the_gram_matrices_than_another_picture(name: str) -> None:
    page = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    found = re.findall(r"\|\^2 = ([\d.]+), shuffled: ([\d.]+)", page)
    assert len(found) == 5
    assert all(float(shuffled) < float(other) for other, shuffled in found)


def test_the_pictures_are_small() -> None:
    sizes = [path.stat().st_size for path in (DOCS / "images" / "walkthrough").iterdir()]
    assert 50_000 < sum(sizes) < 1_500_000


def test_functions_that_the_texts_name_are_where_they_say() -> None:
    named = [
        (function, file)
        for text in parts("en")
        for function, file in re.findall(r"`(\w+)`[^`.]*? in\s`(\w+/\w+\.py)`", text)
    ]
    assert len(named) >= 8
    for function, file in named:
        source = (CHECKOUT / "src" / "faststyle" / file).read_text(encoding="utf-8")
        assert re.search(rf"^(def|class) {function}\b", source, flags=re.MULTILINE), function


@pytest.mark.skipif(
    not all(find_spec(name) for name in ("nbclient", "nbformat", "ipykernel")),
    reason="the extra `notebook`",
)
def test_the_notebook_runs(run_cli: RunCli, tmp_path: Path) -> None:
    # Where the notebook lives: the test's folder has neither scripts nor checkpoints.
    outcome = run_cli(
        "scripts.docs.walkthrough",
        "--output",
        tmp_path,
        cwd=CHECKOUT,
        FASTSTYLE_WALKTHROUGH_SHORT="1",
    )
    assert outcome.code == 0, outcome.err
    pages = sorted(path.name for path in tmp_path.glob("*.*"))
    assert pages == [f"walkthrough{end}" for end in (".ipynb", ".md", ".zh.ipynb", ".zh.md")]
    assert len(list((tmp_path / "images" / "walkthrough").iterdir())) == 11
    assert "shuffled:" in (tmp_path / "walkthrough.md").read_text(encoding="utf-8")


def test_a_text_without_translation_is_refused() -> None:
    cells = read_cells("=== en\nwords\n=== zh\nWörter\n=== code\n1 + 1\n")
    assert [(cell.kind, cell.source) for cell in cells][2] == ("code", "1 + 1")
    with pytest.raises(ValueError, match="must follow one another"):
        read_cells("=== en\nwords\n=== code\n1 + 1\n")
