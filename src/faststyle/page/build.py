"""Puts the page together: the files of web/, the styles and a sample picture, in one HTML text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path

from faststyle.errors import UserError
from faststyle.files.paths import SAMPLE_PHOTO
from faststyle.images.data_url import jpeg_url
from faststyle.images.read import load_image
from faststyle.images.tensors import resize_long_edge
from faststyle.page.styles import page_style

WEB = Path(__file__).parent / "web"
# Each file uses what the files before it define.
WORKER_FILES = (
    "sentence.js", "network.js", "weights.js", "safetensors.js", "resize.js", "grain.js",
    "effects.js", "cpu.js", "kernels.js", "gpu.js", "paint.js", "worker.js",
)  # fmt: skip
PAGE_FILES = ("painter.js", "photo.js", "camera.js", "compare.js", "strip.js", "page.js")
SAMPLE_EDGE = 960  # pixels of the longer side


def build_page(styles: Sequence[Path], paint_here: bool = False) -> str:
    """The page as HTML, complete: it loads nothing from anywhere.

    Args:
        styles: checkpoints, at least one; the first is shown at the start.
        paint_here: add a button that sends the photo to `/paint` of the page's own server.

    Raises:
        UserError: a checkpoint cannot be read or is of a kind that the page does not paint, or two
            have the same name.
    """
    sample = resize_long_edge(load_image(SAMPLE_PHOTO), SAMPLE_EDGE)
    packed = [page_style(path, sample) for path in styles]
    names = [style["name"] for style in packed]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UserError(f"--ckpt: two styles have the name {twice[0]}; rename one of the files")
    script, css = _joined(PAGE_FILES), _read("page.css")
    parts = {
        "csp": content_security_policy(script, css, paint_here),
        "css": css,
        "script": script,
        "worker": _joined(WORKER_FILES),
        "data": _json(
            {
                "styles": packed,
                "sample": jpeg_url(sample, quality=88, optimize=True),
                "paintHere": paint_here,
            }
        ),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _read("page.html"))


def content_security_policy(script: str, css: str, paint_here: bool) -> str:
    """What the page may do: run its own script, show its own pictures, and nothing else."""
    rules = {
        "default-src": "'none'",
        "script-src": _hash(script),
        "style-src": _hash(css),
        "img-src": "data: blob:",
        "media-src": "blob:",
        "worker-src": "blob:",
        "connect-src": "'self'" if paint_here else "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {allowed}" for name, allowed in rules.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _read(name: str) -> str:
    return (WEB / name).read_text(encoding="utf-8")


def _joined(names: Sequence[str]) -> str:
    return "\n".join(_read(name) for name in names)


def _json(value: object) -> str:
    # In an HTML file "</script>" ends a block wherever it stands.
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
