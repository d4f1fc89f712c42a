"""The available styles: those in ./checkpoints and those that ship with faststyle.

Listing them is quick: only headers are read, and torch is not imported.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from faststyle.checkpoints.header import style_metadata
from faststyle.checkpoints.metadata import is_list, is_object
from faststyle.checkpoints.run_folder import RunFolder
from faststyle.errors import UserError, closest, one_line
from faststyle.files.paths import BUNDLED_STYLES

SUFFIX = ".safetensors"
OWN_STYLES = Path("checkpoints")  # in the current folder; training writes there
RESULTS = Path("stylized")  # default folder of results, with a subfolder for each style


def find_style(given: str | Path) -> Path:
    """The path of a checkpoint, given as an existing file or as a name in `available_styles`.

    Raises:
        UserError: it is neither; the message names the closest style.
    """
    path = Path(given)
    if path.is_file():
        return path
    available = available_styles()
    if str(given) in available:
        return available[str(given)]
    raise UserError(
        f"no such checkpoint: {given}; available styles: {', '.join(map(one_line, available))}"
        # Of a path its file name counts: checkpoints/NAME.safetensors of another folder.
        f"{closest(path.name.removesuffix(SUFFIX), map(one_line, available))}"
    )


def available_styles() -> dict[str, Path]:
    """Paths of style checkpoints by name, sorted; ./checkpoints overrides bundled names."""
    found: dict[str, Path] = {}
    for folder in (BUNDLED_STYLES, OWN_STYLES):
        try:
            files = [path for path in folder.glob(f"*{SUFFIX}") if path.is_file()]
        except OSError:  # a folder that cannot be read
            continue
        found |= {path.name.removesuffix(SUFFIX): path for path in files}
    return dict(sorted(found.items()))


def style_list() -> str:
    """One line per available style: name, title, artist, year, loss network, steps, place.

    The line of a file that cannot be read has the reason.
    """
    available = [(one_line(name) or "?", path) for name, path in available_styles().items()]
    if not available:
        return f"no styles: {OWN_STYLES}/ has none and none are bundled; train one: python -m train"
    width = max(len(name) for name, _ in available)
    return "\n".join(f"{name:<{width}}  {_line(path)}" for name, path in available)


def _line(path: Path) -> str:
    where = "bundled" if path.parent == BUNDLED_STYLES else one_line(str(path))
    try:
        metadata = style_metadata(path)
    except UserError as error:
        return f"unreadable: {one_line(str(error).removeprefix(f'{path}: '))} ({where})"
    return f"{_title(metadata)} ({'; '.join([*_how(metadata), where])})"


def _title(metadata: dict[str, Any]) -> str:
    style = metadata.get("style", {})
    known = [style.get("title") or "untitled", *(style.get(key) for key in ("artist", "year"))]
    return ", ".join(str(value)[:80] for value in known if value not in (None, "unknown"))


def _how(metadata: dict[str, Any]) -> list[str]:
    name = metadata.get("loss_network", {}).get("name")
    steps = metadata.get("training", {}).get("steps")
    return [*([name] if name else []), *([f"{steps} steps"] if steps else [])]


def result_name(paths: list[Path]) -> str:
    """The folder in RESULTS for pictures of these styles: their names, joined by +."""
    # Without dots: a name with a suffix would be read as the name of a picture.
    return "+".join(_style_name(path) for path in paths).replace(".", "_")


def _style_name(path: Path) -> str:
    """The name of a style; that of a run checkpoint is in its path, runs/<style>/<date_time>/."""
    if path.suffix == ".ckpt" and RunFolder(path.parent).config.is_file():
        return path.resolve().parent.parent.name
    return path.stem


def describe(metadata: dict[str, Any]) -> str:
    """The metadata as indented lines, `key: value`, for people to read."""
    lines: list[str] = []

    def add(value: Any, label: str, indent: int) -> None:
        if is_object(value):
            lines.append(f"{'  ' * indent}{label}:")
            for key, item in value.items():
                add(item, str(key), indent + 1)
        elif value is not None:
            if is_list(value):
                value = ", ".join(map(str, value))
            lines.append(
                f"{'  ' * indent}{label}: {value:.4g}"
                if isinstance(value, float)
                else f"{'  ' * indent}{label}: {value}"
            )

    for key, value in metadata.items():
        add(value, key, 0)
    return "\n".join(lines)
