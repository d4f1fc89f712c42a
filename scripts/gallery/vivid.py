"""Make the colors of a scanned painting vivid, for use as a style image.

    python -m scripts.gallery.vivid starry_night.jpg --output starry_night_vivid.png

Scans of paintings are often paler than the paintings. Levels are stretched until one percent of
the pixels is clipped, then saturation and contrast are raised.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from faststyle.errors import exit_on_user_error
from faststyle.images.read import load_image
from faststyle.images.vivid import vivid
from faststyle.images.write import save_image


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the colors of a painting vivid.")
    parser.add_argument("painting", type=Path)
    parser.add_argument("--output", required=True, type=Path, metavar="FILE")
    options = parser.parse_args()
    with exit_on_user_error("gallery.vivid"):
        save_image(vivid(load_image(options.painting)), options.output)


if __name__ == "__main__":
    main()
