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
from scripts.gallery.cards import CHECKPOINTS, DOCS, save_jpeg, strip

WIDTH = 1600  # of the gallery, pixels, about
PAINTED = 576  # long edge at which each is painted, then made smaller: strokes can be seen
MOST_COLUMNS = 4
FIRST = "starry_night"


def gallery(photo: Image.Image, paintings: dict[str, Image.Image]) -> Image.Image:
    """The photo and its paintings in even rows, the title of each underneath."""
    pictures = {"the photo: a drawn landscape": photo, **paintings}
    rows = math.ceil(len(pictures) / MOST_COLUMNS)
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
    parser.add_argument("--quickstart", type=Path, metavar="CHECKPOINT", help="of three minutes")
    options = parser.parse_args()
    photo = resize_long_edge(load_image(SAMPLE_PHOTO), PAINTED)
    # The first style first, the others by name.
    styles = sorted(options.checkpoints.glob("*.safetensors"), key=lambda p: (p.stem != FIRST, p))
    paintings = {
        f"{path.stem}: {style_metadata(path)['style']['title']}": load_style(path)(photo)
        for path in styles
    }
    save_jpeg(gallery(photo, paintings), options.output / "gallery.jpg")
    first = options.checkpoints / f"{FIRST}.safetensors"
    save_jpeg(strip(first, 480, 480), options.output / "landscape_strengths.jpg")
    if options.quickstart is not None:
        painting = load_style(options.quickstart)(load_image(SAMPLE_PHOTO))
        save_jpeg(painting, options.output / "landscape_quickstart.jpg")


if __name__ == "__main__":
    main()
