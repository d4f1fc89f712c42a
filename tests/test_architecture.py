"""Rooms import only what stands below them; prose and pages describe the modules that exist."""

from __future__ import annotations

import ast
import io
import os
import re
import shutil
import subprocess
import sys
import tokenize
import tomllib
from pathlib import Path

import pytest

import faststyle
from tests.support.checkout import CHECKOUT

PACKAGE = Path(faststyle.__file__).parent
PYTHON_FILES = [
    path for folder in ("src", "scripts", "tests") for path in (CHECKOUT / folder).rglob("*.py")
]
MAY_IMPORT = {
    "errors": "",
    "malloc": "",
    "devices": "errors",
    "files": "errors",
    "networks": "errors",
    "images": "errors files",
    "losses": "errors files networks",
    "checkpoints": "errors files networks",
    "config": "errors files",
    "data": "errors images",
    "video": "errors images",
    "rendering": "errors devices networks images checkpoints",
    "optimize": "errors malloc devices files images losses config",
    "convert": "errors malloc files networks checkpoints",
    "infer": "errors malloc files images checkpoints rendering video",
    "export": "errors malloc files networks checkpoints rendering",
    "page": "errors malloc files images checkpoints rendering",
    "evaluate": "errors malloc devices files networks images losses checkpoints config rendering "
    "optimize video",
    "serve": "errors malloc files images checkpoints rendering page",
    "compare": "errors malloc files images checkpoints rendering",
    "train": "errors malloc devices files networks images losses checkpoints config data rendering "
    "evaluate",
    "explore": "errors malloc devices files images losses checkpoints config data rendering train",
}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_rooms(source: str) -> set[str]:
    """Also those that are imported inside a function or for types alone."""
    modules = [
        name
        for node in ast.walk(ast.parse(source))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    ]
    return {module.split(".")[1] for module in modules if module.startswith("faststyle.")}


def forbidden(room_name: str, source: str) -> set[str]:
    return imported_rooms(source) - {room_name} - set(MAY_IMPORT[room_name].split())


def test_rooms_import_only_what_is_below_them() -> None:
    files = [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]
    assert {room(path) for path in files} == set(MAY_IMPORT)
    wrong = {
        f"{path.relative_to(PACKAGE)} -> {found}"
        for path in files
        for found in forbidden(room(path), path.read_text(encoding="utf-8"))
    }
    assert not wrong


@pytest.mark.parametrize(
    "planted",
    [
        "from faststyle.train.run import train",
        "def f():\n    import faststyle.config.train",
        "if TYPE_CHECKING:\n    from faststyle.losses import functional",
    ],
)
def test_a_planted_import_is_found(planted: str) -> None:
    assert forbidden("rendering", planted)
    assert not forbidden("rendering", "from faststyle.images.read import load_image")


@pytest.mark.parametrize(
    ("planted", "code"),
    [("", 0), ("from faststyle.losses import functional", 1), ("import pytorch_lightning", 1)],
    ids=["as it is", "a room above", "a heavy library"],
)
def test_the_contracts_in_pyproject_hold_and_find_a_planted_import(
    planted: str, code: int, tmp_path: Path
) -> None:
    pytest.importorskip("importlinter", reason="the extra `dev`")
    shutil.copytree(PACKAGE, tmp_path / "faststyle", ignore=shutil.ignore_patterns("assets"))
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    with (tmp_path / "faststyle" / "images" / "sheets.py").open("a") as file:
        file.write(f"\n{planted}\n")
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports; exit(lint_imports())"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stdout + done.stderr


def test_few_files_stand_beside_the_rooms() -> None:
    assert {path.name for path in PACKAGE.glob("*.py")} == {
        "__init__.py",
        "devices.py",
        "errors.py",
        "malloc.py",
    }


def test_a_room_introduces_itself_and_does_nothing_else() -> None:
    rooms = [path for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()]
    assert len(rooms) == 19
    for path in rooms:
        (only,) = ast.parse((path / "__init__.py").read_text(encoding="utf-8")).body
        assert isinstance(only, ast.Expr), path
        assert ast.literal_eval(only.value).strip(), path


ARCHITECTURE = (CHECKOUT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def rooms_in_the_table(page: str) -> list[tuple[int, str, str]]:
    """Floor, room, and the rooms that it may import, of each row of the table of floors."""
    rows = re.findall(r"^\| (\d) \| `(\w+)` \|(.*)\|$", page, flags=re.MULTILINE)
    return [
        (int(floor), name, " ".join(re.findall(r"`(\w+)`", allowed)))
        for floor, name, allowed in rows
    ]


def test_the_table_of_floors_is_that_of_the_tests() -> None:
    rows = rooms_in_the_table(ARCHITECTURE)
    assert len(rows) == len(MAY_IMPORT)
    assert {name: set(allowed.split()) for _, name, allowed in rows} == {
        name: set(allowed.split()) for name, allowed in MAY_IMPORT.items()
    }


def test_the_table_of_floors_is_that_of_the_contracts() -> None:
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = (
        contract["layers"]
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    floors = {
        name.strip(): floor
        for floor, layer in enumerate(reversed(layers))
        for name in layer.split("|")
    }
    assert {name: floor for floor, name, _ in rooms_in_the_table(ARCHITECTURE)} == floors


def test_rooms_introduce_what_they_may_import() -> None:
    for path in PACKAGE.glob("*/__init__.py"):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        named = set(re.findall(r"\w+", text.partition("May import:")[2]))
        assert named == set(MAY_IMPORT[path.parent.name].split()), path


def files_in_the_tree(page: str) -> list[str]:
    """Python files of the tree, by their paths below src/, each as often as it stands there."""
    tree = page.partition("```\nsrc/\n")[2].partition("```")[0]
    found, folders = [], [""] * 4
    for line in tree.splitlines():
        name = line.split()[0]
        depth = (len(line) - len(line.lstrip())) // 2
        if name.endswith("/"):
            folders[depth] = name
        else:
            assert len(line.split()) > 1, f"{name} has no description"
            found.append("".join([*folders[1:depth], name]))
    return found


def test_each_file_of_the_package_stands_in_the_tree_once() -> None:
    source = PACKAGE.parent
    files = [
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        # What every room and every command has is described below the tree.
        if path.name not in ("__init__.py", "__main__.py") or path.parent == PACKAGE
    ]
    assert sorted(files_in_the_tree(ARCHITECTURE)) == sorted(files)


def missing_paths(text: str) -> list[str]:
    """Folders, modules and pages in backquotes, with a slash, that are not in the checkout."""
    named = re.findall(r"`((?:[\w.]+/)+(?:\w+\.(?:py|md|yaml|sh))?)`", text)
    # Made by a command, or no folder but a prefix of TensorBoard's tags.
    made = ("runs/", "stylized/", "explored/", "previews/", "val/")
    places = (CHECKOUT, PACKAGE.parent, PACKAGE)
    return [
        name
        for name in named
        if not name.startswith(made) and not any((place / name).exists() for place in places)
    ]


PAGES = [
    path.relative_to(CHECKOUT) for path in (*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/*.md"))
]


# The changelog also names what is gone.
@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=str)
def test_files_that_pages_name_exist(page: Path) -> None:
    assert missing_paths("`train/gone.py`, `gone/` and `train/run.py`") == [
        "train/gone.py",
        "gone/",
    ]
    text = (CHECKOUT / page).read_text(encoding="utf-8")
    assert not missing_paths(text)
    assert not unknown_modules(text)


def links(page: Path) -> list[str]:
    """Targets of a page's links to other files of the checkout."""
    found = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    return [target for target in found if "://" not in target]


def test_links_between_pages_lead_somewhere() -> None:
    assert sum(len(links(CHECKOUT / page)) for page in PAGES) > 20
    broken = [
        f"{page}: {target}"
        for page in PAGES
        for target in links(CHECKOUT / page)
        if not (CHECKOUT / page.parent / target).exists()
    ]
    assert not broken


def prose(path: Path) -> str:
    """Comments and docstrings of a Python file."""
    source = path.read_text(encoding="utf-8")
    words = [
        token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            words.append(ast.get_docstring(node) or "")
    return "\n".join(words)


KNOWN = {path.name for path in PYTHON_FILES}
DOTTED = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
}


def unknown_modules(text: str) -> list[str]:
    """Python files and dotted modules that a text names and that do not exist."""
    files = [name for name in re.findall(r"\b(\w+\.py)\b", text) if name not in KNOWN]
    dotted = []
    for name in re.findall(r"\bfaststyle(?:\.\w+)+", text):
        parts = name.split(".")
        heads = {".".join(parts[:length]) for length in range(2, len(parts) + 1)}
        known = heads & (DOTTED | {module.rpartition(".")[0] for module in DOTTED})
        if not known and parts[1] not in faststyle.__all__:
            dotted.append(name)
    return files + dotted


def test_modules_that_comments_and_docstrings_name_exist() -> None:
    assert unknown_modules("see gone.py and faststyle.gone.away") == [
        "gone.py",
        "faststyle.gone.away",
    ]
    assert not unknown_modules("see transform_net.py and faststyle.networks.layers.Padded")
    wrong = {
        f"{path.relative_to(CHECKOUT)}: {name}"
        for path in PYTHON_FILES
        for name in unknown_modules(prose(path))
    }
    assert not wrong


@pytest.mark.parametrize("folder", ["conf", "docs"])
def test_modules_that_pages_and_settings_name_exist(folder: str) -> None:
    pages = [p for p in (CHECKOUT / folder).rglob("*") if p.suffix in (".md", ".yaml")]
    assert pages
    wrong = {
        f"{path.relative_to(CHECKOUT)}: {name}"
        for path in pages
        for name in unknown_modules(path.read_text(encoding="utf-8"))
    }
    assert not wrong
