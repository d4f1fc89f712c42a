"""Make one page of several photos in several styles, one photo per row.

    python -m scripts.gallery.contact_sheet photos/ --output sheet.jpg
    python -m scripts.gallery.contact_sheet photos/ --ckpt great_wave checkpoints/wave.safetensors

--ckpt takes names of styles and checkpoint files. faststyle-import converts the checkpoints of
other projects.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from faststyle import keep_freed_memory, load_style
from faststyle.checkpoints.catalog import available_styles
from faststyle.errors import exit_on_user_error
from faststyle.images.formats import list_pictures
from faststyle.images.read import load_image
from faststyle.images.sheets import Cell, grid
from faststyle.images.tensors import resize_long_edge
from faststyle.images.write import save_image


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("photos", type=Path, help="a folder")
    parser.add_argument("--ckpt", nargs="+", metavar="STYLE", help="(default: all available)")
    parser.add_argument("--size", type=int, default=512, help="long edge, pixels")
    parser.add_argument("--output", type=Path, default=Path("contact_sheet.jpg"))
    options = parser.parse_args()
    keep_freed_memory()
    with exit_on_user_error("contact_sheet"):
        names = options.ckpt or list(available_styles())
        styles = {name: load_style(name) for name in names}
        rows: list[list[Cell]] = []
        for file in list_pictures(options.photos):
            photo = resize_long_edge(load_image(file), options.size)
            stylized = [(style(photo), Path(name).stem) for name, style in styles.items()]
            rows.append([(photo, file.name), *stylized])
        save_image(grid(rows), options.output)
        print(options.output)


if __name__ == "__main__":
    main()
