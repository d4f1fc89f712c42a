"""The page that GET / answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from faststyle.page.build import build_page
from faststyle.page.styles import unpainted
from faststyle.serve.styles import ServedStyle

WITHOUT_STYLES = """<!doctype html><meta charset="utf-8"><title>faststyle</title>
<p>The styles here have networks that the page does not paint. POST /paint works: docs/serve.md.
"""


def front_page(styles: Mapping[str, ServedStyle], show: Callable[[str], object]) -> str:
    """The page of `faststyle.page`, with a button that paints on this computer.

    Args:
        show: called with a line about the styles that the page does not have. Networks of another
            kind than it knows, such as those of other projects, paint only here.
    """
    missing = [
        name
        for name, style in styles.items()
        if unpainted(style.stylizer.metadata["network"]) is not None
    ]
    if missing:
        show(f"only through POST /paint, not on the page: {', '.join(missing)}")
    paths = [style.path for name, style in styles.items() if name not in missing]
    return build_page(paths, paint_here=True) if paths else WITHOUT_STYLES
