"""The styles that are served, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faststyle.checkpoints.catalog import available_styles, find_style
from faststyle.errors import UserError, one_line
from faststyle.page.styles import style_name
from faststyle.rendering.stylizer import Stylizer, load_style

SHOWN = ("title", "artist", "year", "rights")  # of the metadata's section `style`


@dataclass(frozen=True)
class ServedStyle:
    """A style that is loaded.

    Attributes:
        path: its checkpoint.
        stylizer: what paints.
    """

    path: Path
    stylizer: Stylizer

    def about(self, name: str) -> dict[str, Any]:
        """What the metadata says of it, as JSON values: name, title, artist, year, rights."""
        style = self.stylizer.metadata.get("style", {})
        known = {key: style.get(key) for key in SHOWN if style.get(key) is not None}
        return {"name": name, **known}


def load_styles(
    given: Sequence[str], device: str, show: Callable[[str], object]
) -> dict[str, ServedStyle]:
    """The styles that were given, by name; without any all available ones.

    Args:
        given: names of styles, or files.
        show: called with a line about each available style that cannot be read. A style that was
            given must be good.

    Raises:
        UserError: no such style, one that is not good, two of one name, or no style at all.
    """
    loaded: dict[str, ServedStyle] = {}
    for path in map(find_style, given):
        name = style_name(path)
        if name in loaded:
            raise UserError(f"--ckpt: {loaded[name].path} and {path} are both named {name}")
        loaded[name] = ServedStyle(path, load_style(path, device))
    if given:
        return loaded
    for name, path in available_styles().items():
        try:
            loaded[name] = ServedStyle(path, load_style(path, device))
        except UserError as error:
            show(f"left out: {one_line(str(error))}")
    if not loaded:
        raise UserError("no styles here; give one with --ckpt")
    return loaded
