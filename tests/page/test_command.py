"""The command page: the file it writes, and what it refuses."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

from faststyle.page.build import PAGE_FILES, WEB, WORKER_FILES, build_page
from faststyle.page.command import shipped_styles
from tests.page.conftest import Run, write_tiny
from tests.support.commands import RunCli, one_line

PAGE = Path("page.html")


def between(page: str, start: str, end: str) -> str:
    return page.partition(start)[2].partition(end)[0]


def policy(page: str) -> dict[str, str]:
    """The rules of the page's Content-Security-Policy by name."""
    text = between(page, 'Content-Security-Policy" content="', '"')
    return dict(rule.split(" ", 1) for rule in text.split("; "))


def test_a_page_holds_everything_and_may_fetch_nothing(run: Run) -> None:
    outcome = run("--ckpt", "one.safetensors", "two.safetensors", "--output", "new/page.html")
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[0] == "new/page.html"
    assert lines[1].startswith("0.2 MB, 2 styles; open it in a browser: file:///")
    page = Path("new/page.html").read_text(encoding="utf-8")
    data = json.loads(between(page, 'id="data">', "</script>"))
    assert [style["name"] for style in data["styles"]] == ["one", "two"]
    assert data["sample"].startswith("data:image/jpeg;base64,")
    assert "{{" not in between(page, "<!doctype", 'id="data">')
    # Nothing points anywhere, and markup in a style's name stays text.
    assert "http:" not in page
    assert "https:" not in page
    assert not re.search(r"""\s(src|href)=["']""", page)
    assert "<b>" not in page
    rules = policy(page)
    assert rules["default-src"] == rules["connect-src"] == "'none'"
    assert not any("unsafe" in allowed or "*" in allowed for allowed in rules.values())
    for rule, start, end in (
        ("script-src", '<script type="module">', "</script>"),
        ("style-src", "<style>", "</style>"),
    ):
        digest = hashlib.sha256(between(page, start, end).encode()).digest()
        assert rules[rule] == f"'sha256-{base64.b64encode(digest).decode()}'"


def test_the_files_of_the_page_are_all_used_and_end_no_block() -> None:
    files = {path.name for path in WEB.iterdir()}
    assert files == {*PAGE_FILES, *WORKER_FILES, "page.html", "page.css"}
    for name in (*PAGE_FILES, *WORKER_FILES):
        assert "</" not in (WEB / name).read_text(encoding="utf-8"), name


def test_a_page_of_a_server_may_ask_it_to_paint(run: Run) -> None:
    page = build_page([Path("one.safetensors")], paint_here=True)
    assert policy(page)["connect-src"] == "'self'"
    assert json.loads(between(page, 'id="data">', "</script>"))["paintHere"] is True


def test_the_shipped_styles_are_the_default() -> None:
    assert "starry_night" in [path.stem for path in shipped_styles()]


def test_as_a_module(run: Run, run_cli: RunCli) -> None:
    outcome = run_cli("faststyle.page", "--ckpt", "one.safetensors", "--output", PAGE)
    assert (outcome.code, outcome.err) == (0, "")
    assert PAGE.is_file()


def test_mistakes_on_the_command_line(run: Run) -> None:
    assert "must end in .html" in one_line(run("--output", "page.htm"))
    assert "arguments are required: --output" in one_line(run())
    assert "no such checkpoint: ons" in one_line(run("--output", PAGE, "--ckpt", "ons"))
    Path("broken.safetensors").write_text("hello")
    broken = run("--output", PAGE, "--ckpt", "broken.safetensors")
    assert "broken.safetensors: not a" in one_line(broken)
    Path("folder.html").mkdir()
    assert "folder.html is a folder" in one_line(run("--output", "folder.html", "--force"))
    twice = run("--output", PAGE, "--ckpt", "one.safetensors", "./one.safetensors")
    assert "two styles have the name one" in one_line(twice)
    write_tiny(Path("batch.safetensors"), 0, norm="batch")
    other = one_line(run("--output", PAGE, "--ckpt", "batch.safetensors"))
    assert "its network has norm=batch, the page paints norm=instance" in other
    assert not PAGE.exists()


def test_nothing_is_overwritten_unasked(run: Run) -> None:
    PAGE.write_text("precious")
    arguments = ("--output", PAGE, "--ckpt", "one.safetensors")
    assert "exists; give --force" in one_line(run(*arguments))
    assert PAGE.read_text() == "precious"
    assert run(*arguments, "--force").code == 0
    assert PAGE.stat().st_size > 100_000
