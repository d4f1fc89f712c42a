"""Write docs/walkthrough: notebooks and pages in English and Chinese, from one source.

    python -m scripts.docs.walkthrough

The source is walkthrough.txt beside this file: texts in both languages, and the code that they
share. The notebook is executed once; both pages show its pictures. Needs the extra `notebook`.
"""

from __future__ import annotations

import argparse
import base64
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faststyle.files.atomic import atomic_write

SOURCE = Path(__file__).with_suffix(".txt")
DOCS = Path(__file__).parents[2] / "docs"
PICTURES = Path("images") / "walkthrough"
LANGUAGES = {"en": "walkthrough", "zh": "walkthrough.zh"}  # and the name of its files
OTHER = {
    "en": "[中文](walkthrough.zh.md) · as a [notebook](walkthrough.ipynb)",
    "zh": "[English](walkthrough.md) · [Notebook](walkthrough.zh.ipynb)",
}
TIMEOUT = 3600  # seconds of one cell


@dataclass(frozen=True)
class Cell:
    """A cell of the notebooks: `kind` is a language or "code"."""

    kind: str
    source: str


def read_cells(text: str) -> list[Cell]:
    """The cells of a source, in order.

    Raises:
        ValueError: a cell is of another kind, or a text has no translation.
    """
    parts = re.split(r"^=== (\w+)\n", text, flags=re.MULTILINE)[1:]
    cells = [Cell(kind, body.strip()) for kind, body in zip(parts[::2], parts[1::2], strict=True)]
    order = [cell.kind for cell in cells]
    if order != [*LANGUAGES, "code"] * (len(order) // 3):
        raise ValueError(f"texts in {', '.join(LANGUAGES)} and code must follow one another")
    return cells


def notebook(cells: list[Cell], language: str) -> Any:
    """The notebook of one language, without outputs."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    made = []
    for index, cell in enumerate(cells):
        if cell.kind in (language, "code"):
            new = new_code_cell if cell.kind == "code" else new_markdown_cell
            made.append(new(cell.source, id=f"cell-{index}"))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=made, metadata={"kernelspec": kernel})


def page(executed: Any, cells: list[Cell], language: str, pictures: dict[str, bytes]) -> str:
    """The page of one language; its pictures are added to `pictures` by their paths."""
    texts = iter([cell.source for cell in cells if cell.kind == language])
    parts = [OTHER[language]]
    codes = [cell for cell in executed.cells if cell.cell_type == "code"]
    for number, cell in enumerate(codes, start=1):
        parts += [next(texts), f"```python\n{cell.source}\n```"]
        printed = "".join(o.text for o in cell.outputs if o.output_type == "stream")
        if printed:
            parts.append(f"```\n{printed.rstrip()}\n```")
        shown = [o.data["image/jpeg"] for o in cell.outputs if "image/jpeg" in o.get("data", {})]
        for index, data in enumerate(shown):
            name = (PICTURES / f"{number:02}{chr(ord('a') + index)}.jpg").as_posix()
            pictures[name] = base64.b64decode(data)
            parts.append(f"![{number}]({name})")
    return "\n\n".join(parts) + "\n"


def write(docs: Path) -> None:
    """Execute the notebook and write everything below `docs`."""
    # Not at the top: --help needs none of the extra `notebook`.
    import nbformat
    from nbclient import NotebookClient

    cells = read_cells(SOURCE.read_text(encoding="utf-8"))
    executed = notebook(cells, "en")
    NotebookClient(executed, timeout=TIMEOUT, kernel_name="python3").execute()
    pictures: dict[str, bytes] = {}
    for language, name in LANGUAGES.items():
        texts = {
            f"{name}.ipynb": nbformat.writes(notebook(cells, language)) + "\n",
            f"{name}.md": page(executed, cells, language, pictures),
        }
        for file, text in texts.items():
            with atomic_write(docs / file) as partial:
                partial.write_text(text, encoding="utf-8")
    for name, content in pictures.items():
        with atomic_write(docs / name) as partial:
            partial.write_bytes(content)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write docs/walkthrough, in two languages.")
    parser.add_argument("--output", type=Path, default=DOCS, metavar="DIR", help="default: docs/")
    write(parser.parse_args().output)


if __name__ == "__main__":
    main()
