"""The page of a comparison: one HTML file with its pictures inside, without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PIL import Image

from faststyle.compare.facts import Row
from faststyle.images.data_url import jpeg_url
from faststyle.images.formats import SAVE_OPTIONS

JPEG = SAVE_OPTIONS[".jpg"] | {"quality": 88}
# No picture, font or script is fetched: the page looks the same anywhere.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1c; --paper: #fff; --line: #d6d6d6; --head: #f3f3f3; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e6; --paper: #161616; --line: #3a3a3a; --head: #222; }
}
body {
  margin: 1.5rem; font: 15px/1.45 system-ui, sans-serif;
  color: var(--ink); background: var(--paper);
}
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--line); }
th, td { text-align: left; vertical-align: top; }
thead th { background: var(--head); }
tbody th { font-weight: normal; white-space: nowrap; }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.pictures td { border: 0; padding: .25rem; }
img { display: block; max-width: 100%; height: auto; min-width: 12rem; }
summary { cursor: pointer; margin-top: .6rem; }
"""


def html_page(
    labels: Sequence[str],
    results: Sequence[Row],
    settings: Sequence[Row],
    pictures: Sequence[tuple[str, Image.Image, Sequence[Image.Image]]],
) -> str:
    """Return the page.

    Args:
        labels: of the runs.
        results, settings: rows with a value for each run; what differs is bold.
        pictures: name, photo and the photo in each run's style.
    """
    differing = [row for row in settings if row.differs]
    equal = [row for row in settings if not row.differs]
    parts = [
        "<h2>Photos</h2>",
        _pictures(labels, pictures),
        "<h2>Results</h2>",
        _table(labels, results),
        "<h2>Settings that differ</h2>",
        _table(labels, differing) if differing else "<p>None.</p>",
        f"<details><summary>{len(equal)} settings that all have alike</summary>",
        _table(labels[:1] if len(labels) == 1 else ["all runs"], [_first(row) for row in equal]),
        "</details>",
    ]
    title = f"Comparison of {len(labels)} run{'s' if len(labels) > 1 else ''}"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def _first(row: Row) -> Row:
    return Row(row.name, row.values[:1])


def _table(labels: Sequence[str], rows: Sequence[Row]) -> str:
    head = "".join(f'<th scope="col">{escape(label)}</th>' for label in labels)
    body = "\n".join(
        f'<tr><th scope="row">{escape(row.name)}</th>'
        + "".join(f"<td>{_value(value, row.differs)}</td>" for value in row.values)
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide"><table>\n<thead><tr><td></td>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def _value(value: str, differs: bool) -> str:
    return f"<b>{escape(value)}</b>" if differs else escape(value)


def _pictures(
    labels: Sequence[str], pictures: Sequence[tuple[str, Image.Image, Sequence[Image.Image]]]
) -> str:
    head = "".join(f'<th scope="col">{escape(label)}</th>' for label in ("photo", *labels))
    rows = []
    for name, photo, stylized in pictures:
        cells = [_image(photo, name)]
        cells += [
            _image(image, f"{name} in the style of {label}")
            for label, image in zip(labels, stylized, strict=True)
        ]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return (
        f'<div class="wide"><table class="pictures">\n<thead><tr>{head}</tr></thead>\n<tbody>\n'
        + "\n".join(rows)
        + "\n</tbody>\n</table></div>"
    )


def _image(image: Image.Image, text: str) -> str:
    return (
        f'<img src="{jpeg_url(image, **JPEG)}" width="{image.width}" height="{image.height}" '
        f'alt="{escape(text)}">'
    )
