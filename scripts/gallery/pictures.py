"""Make the README's pictures from the shipped styles.

    python -m scripts.gallery.pictures
    python -m scripts.gallery.pictures --quickstart runs/starry_night/DATE/starry_night.safetensors

scripts/gallery/landscape.py draws the landscape itself; scripts/gallery/cards.py makes the pictures
of docs/styles.md.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from PIL import Image

from faststyle import load_style
from faststyle.checkpoints.header import style_metadata
from faststyle.files.paths import SAMPLE_PHOTO
from faststyle.images.read import load_image
from faststyle.images.sheets import Cell, grid
from faststyle.images.tensors import resize_long_edge
from scripts.gallery.cards import CHECKPOINTS, DOCS, save_jpeg, strength_row

WIDTH = 1600  # of the gallery, approximate, pixels
SIZE = 576  # long edge at which each is stylized before it is reduced, pixels
MAX_COLUMNS = 4
FIRST = "starry_night"


def gallery(content: Image.Image, stylized: dict[str, Image.Image]) -> Image.Image:
    """Return content and stylized pictures in even rows, each with its title below."""
    pictures = {"content: a drawn landscape": content, **stylized}
    rows = math.ceil(len(pictures) / MAX_COLUMNS)
    columns = math.ceil(len(pictures) / rows)
    size = WIDTH // columns
    cells: list[Cell] = [
        (resize_long_edge(picture, size), title) for title, picture in pictures.items()
    ]
    return grid([cells[i : i + columns] for i in range(0, len(cells), columns)])


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the README's pictures.")
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, metavar="DIR")
    parser.add_argument("--output", type=Path, default=DOCS / "images", metavar="DIR")
    parser.add_argument("--quickstart", type=Path, metavar="CHECKPOINT", help="a quickstart's")
    options = parser.parse_args()
    content = resize_long_edge(load_image(SAMPLE_PHOTO), SIZE)
    styles = sorted(options.checkpoints.glob("*.safetensors"), key=lambda p: (p.stem != FIRST, p))
    stylized = {
        f"{path.stem}: {style_metadata(path)['style']['title']}": load_style(path)(content)
        for path in styles
    }
    save_jpeg(gallery(content, stylized), options.output / "gallery.jpg")
    first = options.checkpoints / f"{FIRST}.safetensors"
    save_jpeg(strength_row(first, 480, 480), options.output / "landscape_strengths.jpg")
    if options.quickstart is not None:
        picture = load_style(options.quickstart)(load_image(SAMPLE_PHOTO))
        save_jpeg(picture, options.output / "landscape_quickstart.jpg")


if __name__ == "__main__":
    main()
