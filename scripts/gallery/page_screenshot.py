"""Make the README's picture of the web page, or pictures of it in every size and color scheme.

    python -m scripts.gallery.page_screenshot --output docs/images/page.jpg

It builds the page of the styles that ship, opens it in Chromium without a window, paints the drawn
landscape, and takes a picture. With `--all FOLDER` it takes desktop and phone, light and dark.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from pathlib import Path

from PIL import Image

from faststyle.page.build import build_page
from faststyle.page.command import shipped_styles
from scripts.browser import chromium

VIEWS = {"desktop": (1280, 900), "phone": (390, 844)}


def screenshot(page: Path, style: str, size: tuple[int, int], dark: bool, edge: int) -> Image.Image:
    """The page with a style, painted; `edge` is how many percent of the photo are left."""
    with chromium(size=size, dark=dark) as browser:
        browser.open(page, f"style={style}&size=512")
        browser.choose("compare", edge)
        browser.driver.execute_script("document.activeElement.blur()")
        picture = Image.open(io.BytesIO(browser.driver.get_screenshot_as_png()))
        return picture.convert("RGB")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the README's picture of the web page.")
    parser.add_argument("--output", type=Path, metavar="FILE")
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every size and color scheme")
    parser.add_argument("--style", default="starry_night", metavar="NAME")
    parser.add_argument("--width", type=int, default=960, help="of FILE, in pixels")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        page.write_text(build_page(shipped_styles()), encoding="utf-8")
        if options.output:
            picture = screenshot(page, options.style, VIEWS["desktop"], dark=False, edge=36)
            height = round(picture.height * options.width / picture.width)
            small = picture.resize((options.width, height), Image.Resampling.LANCZOS)
            small.save(options.output, quality=88, optimize=True)
        if options.all:
            options.all.mkdir(parents=True, exist_ok=True)
            for view, size in VIEWS.items():
                for dark in (False, True):
                    name = f"{view}_{'dark' if dark else 'light'}.png"
                    screenshot(page, options.style, size, dark, 36).save(options.all / name)


if __name__ == "__main__":
    main()
