"""docs/api.md names all of the library, with its present signatures, and its examples run."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import faststyle
from tests.support.checkout import CHECKOUT
from tests.support.pictures import noise_picture

PAGE = (CHECKOUT / "docs" / "api.md").read_text(encoding="utf-8")


def sections() -> dict[str, str]:
    """The text below each heading of the page, by the name that it describes."""
    parts = re.split(r"^## (.+)$", PAGE, flags=re.MULTILINE)[1:]
    return {
        heading.replace("\\", ""): text
        for heading, text in zip(parts[::2], parts[1::2], strict=True)
    }


def signature(name: str) -> str:
    """The arguments of a public name as the page writes them: without types."""
    parameters = inspect.signature(getattr(faststyle, name)).parameters.values()
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
    return f"{name}{inspect.Signature(bare)}"


def test_every_public_name_has_a_section_with_an_example() -> None:
    assert set(sections()) == set(faststyle.__all__)
    assert all("```python" in text for text in sections().values())


@pytest.mark.parametrize("name", sorted(set(faststyle.__all__) - {"UserError", "__version__"}))
def test_signatures_are_the_present_ones(name: str) -> None:
    text = " ".join(sections()[name].split()).replace('"', "'")
    assert f"`{signature(name)}`" in text


def test_calls_of_a_style_are_described_with_every_argument() -> None:
    text = sections()["Stylizer"]
    parameters = inspect.signature(faststyle.Stylizer.__call__).parameters.values()
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in parameters if p.name != "self"]
    assert f"`style{inspect.Signature(bare)}`" in text
    assert all(f"- `{parameter.name}`: " in text for parameter in bare)


@pytest.mark.parametrize("name", ["load_style", "TransformNet", "LossNetwork", "PerceptualLoss"])
def test_every_argument_is_described(name: str) -> None:
    described = re.findall(r"^- ((?:`\w+`(?:, )?)+): ", sections()[name], flags=re.MULTILINE)
    named = re.findall(r"`(\w+)`", " ".join(described))
    assert named == list(inspect.signature(getattr(faststyle, name)).parameters)


def test_examples_run_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # Settings of the whole process: other tests run in it.
    monkeypatch.setattr("faststyle.malloc.tune_process", lambda: None)
    monkeypatch.setattr("faststyle.malloc.keep_freed_memory", lambda: True)
    noise_picture(0, 64, 48).save("photo.jpg")
    namespace: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL):
        exec(block, namespace)
    assert (tmp_path / "stylized.png").stat().st_size > 1000
