"""Where the files that ship with the code are, in a checkout and in an installed wheel."""

import shlex
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_CHECKOUT = _PACKAGE.parents[1]


def _first_with(name: str, folders: tuple[Path, ...]) -> Path:
    for folder in folders:
        if (folder / name).is_file():
            return folder
    raise FileNotFoundError(f"faststyle's {name} is in none of {', '.join(map(str, folders))}")


ASSETS_DIR = _PACKAGE / "assets"
CONF_DIR = _first_with("train.yaml", (_PACKAGE / "conf", _CHECKOUT / "conf"))
SAMPLE_PHOTO = (
    _first_with("landscape.jpg", (ASSETS_DIR, _CHECKOUT / "docs" / "images")) / "landscape.jpg"
)
SWATCH_DIR = ASSETS_DIR / "styles"
BUNDLED_STYLES = ASSETS_DIR / "checkpoints"
if not BUNDLED_STYLES.is_dir():
    BUNDLED_STYLES = _CHECKOUT / "checkpoints"


STYLE_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}"  # it names files


def swatch_of(name: str) -> Path | None:
    path = SWATCH_DIR / f"{name}.jpg"
    return path if path.is_file() else None


def shell_command(*words: object) -> str:
    """A command line that can be pasted into a shell, whatever characters its words have."""
    return shlex.join(str(word) for word in words)
