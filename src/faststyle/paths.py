"""Where the files that ship with the code are, in a checkout and in an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CANDIDATES = (_PACKAGE / "conf", _PACKAGE.parents[1] / "conf")


def _find_conf() -> Path:
    for candidate in _CANDIDATES:
        if (candidate / "train.yaml").is_file():
            return candidate
    raise FileNotFoundError(
        f"faststyle's conf/ is in neither of {', '.join(map(str, _CANDIDATES))}"
    )


CONF_DIR = _find_conf()
ASSETS_DIR = _PACKAGE / "assets"
