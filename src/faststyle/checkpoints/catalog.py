"""The style checkpoints at hand: the user's own in ./checkpoints, and those that ship.

Only headers are read, and nothing here imports torch: a list takes a moment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from faststyle.checkpoints.header import style_metadata
from faststyle.checkpoints.run_folder import RunFolder
from faststyle.errors import UserError, closest, one_line
from faststyle.files.paths import BUNDLED_STYLES

SUFFIX = ".safetensors"
OWN_STYLES = Path("checkpoints")  # in the current folder, where training writes
RESULTS = Path("stylized")  # where paintings go by default, each style's in a folder of its own


def find_style(given: str | Path) -> Path:
    """The checkpoint that is meant: an existing file, else a style's name in `styles_at_hand`.

    Raises:
        UserError: neither; with the name that comes closest.
    """
    path = Path(given)
    if path.is_file():
        return path
    at_hand = styles_at_hand()
    if str(given) in at_hand:
        return at_hand[str(given)]
    raise UserError(
        f"no such checkpoint: {given}; styles at hand: {', '.join(map(one_line, at_hand))}"
        # A path is tried by the name it ends in: checkpoints/NAME.safetensors of another folder.
        f"{closest(path.name.removesuffix(SUFFIX), map(one_line, at_hand))}"
    )


def styles_at_hand() -> dict[str, Path]:
    """Checkpoints by name, in order; where there are two of a name, the user's own."""
    found: dict[str, Path] = {}
    for folder in (BUNDLED_STYLES, OWN_STYLES):
        try:
            files = [path for path in folder.glob(f"*{SUFFIX}") if path.is_file()]
        except OSError:  # a folder that may not be read holds nothing for us
            continue
        found |= {path.name.removesuffix(SUFFIX): path for path in files}
    return dict(sorted(found.items()))


def style_list() -> str:
    """A line for every style at hand: name, title, artist, year, how learned, where it is.

    A file that cannot be read has a line that says why.
    """
    at_hand = [(one_line(name) or "?", path) for name, path in styles_at_hand().items()]
    if not at_hand:
        return f"no styles: {OWN_STYLES}/ has none and none came along; train one: python -m train"
    width = max(len(name) for name, _ in at_hand)
    return "\n".join(f"{name:<{width}}  {_line(path)}" for name, path in at_hand)


def _line(path: Path) -> str:
    where = "bundled" if path.parent == BUNDLED_STYLES else one_line(str(path))
    try:
        metadata = style_metadata(path)
    except UserError as error:
        return f"unreadable: {one_line(str(error).removeprefix(f'{path}: '))} ({where})"
    return f"{_painting(metadata)} ({'; '.join([*_how(metadata), where])})"


def _painting(metadata: dict[str, Any]) -> str:
    style = metadata.get("style", {})
    known = [style.get("title") or "untitled", *(style.get(key) for key in ("artist", "year"))]
    return ", ".join(str(value)[:80] for value in known if value not in (None, "unknown"))


def _how(metadata: dict[str, Any]) -> list[str]:
    name = metadata.get("loss_network", {}).get("name")
    steps = metadata.get("training", {}).get("steps")
    return [*([name] if name else []), *([f"{steps} steps"] if steps else [])]


def result_name(paths: list[Path]) -> str:
    """The folder in RESULTS for what these styles paint: their names, joined by +."""
    # Without dots: what has an ending would be taken for a picture's name.
    return "+".join(_style_name(path) for path in paths).replace(".", "_")


def _style_name(path: Path) -> str:
    """A training checkpoint is called last.ckpt: its run is in runs/<style>/<date_time>."""
    if path.suffix == ".ckpt" and RunFolder(path.parent).config.is_file():
        return path.resolve().parent.parent.name
    return path.stem


def describe(metadata: dict[str, Any]) -> str:
    """The metadata as a person reads it, a line a fact."""
    lines = []

    def add(value: Any, label: str, indent: int) -> None:
        if isinstance(value, dict):
            lines.append(f"{'  ' * indent}{label}:")
            for key, item in value.items():
                add(item, str(key), indent + 1)
        elif value is not None:
            if isinstance(value, list):
                value = ", ".join(map(str, value))
            lines.append(
                f"{'  ' * indent}{label}: {value:.4g}"
                if isinstance(value, float)
                else f"{'  ' * indent}{label}: {value}"
            )

    for key, value in metadata.items():
        add(value, key, 0)
    return "\n".join(lines)
