"""The plan of an exploration, plan.json in its folder: what is explored, by which cells.

A cell is done when its checkpoint is there. So an exploration goes on where it was interrupted.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faststyle.errors import UserError
from faststyle.explore.cells import Cell
from faststyle.files.atomic import atomic_write

ANOTHER = "give another --output, or delete that folder"


@dataclass(frozen=True)
class Plan:
    """What is explored.

    Args:
        style: the name of the style.
        painting: path of the style image.
        sha256: of that file.
        photos: the folder of training photos; None: drawn pictures.
        minutes: that the user gave.
        start_steps: of the training that all cells start from; 0 until it is done.
        steps: of each cell.
        cells: none until `start_steps` are done.
    """

    style: str
    painting: str
    sha256: str
    photos: str | None
    minutes: float
    start_steps: int = 0
    steps: int = 0
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True)
class Folder:
    """The paths of an exploration; the folder and its files need not exist."""

    path: Path

    @property
    def page(self) -> Path:
        """The picture with all cells."""
        return self.path / "page.jpg"

    @property
    def plan(self) -> Path:
        """See `Plan`."""
        return self.path / "plan.json"

    @property
    def vivid(self) -> Path:
        """The style image with stretched colors."""
        return self.path / "vivid.png"

    @property
    def start(self) -> Path:
        """The style checkpoint that all cells start from."""
        return self.path / "cells" / "start.safetensors"

    def checkpoint(self, cell: Cell) -> Path:
        """The style checkpoint of a cell."""
        return self.path / "cells" / f"{cell.name}.safetensors"

    def experiment(self, cell: Cell) -> Path:
        """The settings that train a cell in full."""
        return self.path / "experiment" / f"{cell.name}.yaml"

    def is_done(self, cell: Cell) -> bool:
        """Whether the cell has been trained."""
        return self.checkpoint(cell).is_file()

    def write_plan(self, plan: Plan) -> None:
        """Write `plan`, atomically."""
        with atomic_write(self.plan) as partial:
            partial.write_text(json.dumps(dataclasses.asdict(plan), indent=1), encoding="utf-8")

    def open_plan(self, wanted: Plan) -> Plan:
        """Return the plan in this folder, or `wanted` where there is none.

        Raises:
            UserError: the folder holds another exploration, other files, or a damaged plan.
        """
        if not self.plan.is_file():
            others = sorted(path.name for path in _entries(self.path) if path.name[0] != ".")
            if others:
                raise UserError(
                    f"--output: {self.path} holds other files, such as {others[0]}; give a new or "
                    "an empty folder"
                )
            return wanted
        found = _read(self.plan)
        for key, what in (
            ("sha256", f"another painting ({found.painting})"),
            ("photos", f"training photos of {found.photos or 'drawn pictures'}"),
            ("style", f"the style name {found.style}"),
        ):
            if getattr(found, key) != getattr(wanted, key):
                raise UserError(
                    f"--output: {self.path} was explored with {what}; give the same or {ANOTHER}"
                )
        # The painting may have moved meanwhile.
        return dataclasses.replace(found, painting=wanted.painting)


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(f"--output: cannot list {folder}: {error.strerror or error}") from error


def _read(path: Path) -> Plan:
    try:
        plain: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        cells = tuple(Cell(**cell) for cell in plain.pop("cells"))
        return Plan(**plain, cells=cells)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(f"--output: cannot read {path}; {ANOTHER}") from error
