"""Every script explains itself with --help."""

from __future__ import annotations

import sys
from importlib import import_module

import pytest

from tests.support.checkout import CHECKOUT

COMMANDS = [
    ".".join(path.relative_to(CHECKOUT).with_suffix("").parts)
    for path in sorted(CHECKOUT.glob("scripts/*/*.py"))
    if 'if __name__ == "__main__":' in path.read_text(encoding="utf-8")
]


def test_commands_are_found_in_every_folder() -> None:
    folders = {name.split(".")[1] for name in COMMANDS}
    assert folders == {"benchmarks", "distillation", "docs", "gallery", "stress"}


@pytest.mark.parametrize("name", COMMANDS)
def test_help(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as end:
        import_module(name).main()
    assert end.value.code == 0
    usage, options = capsys.readouterr().out.split("\n\n", 1)
    assert usage.startswith(f"usage: {name}")
    assert "show this help message" in options


@pytest.mark.parametrize("name", COMMANDS)
def test_the_readme_names_it(name: str) -> None:
    readme = (CHECKOUT / "scripts" / "README.md").read_text(encoding="utf-8")
    assert f"`{name.removeprefix('scripts.')}`" in readme
