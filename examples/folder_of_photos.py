"""Stylize a folder of photos, several at a time with one style; a bad file costs only itself.

    python examples/folder_of_photos.py holiday/ stylized/ --style the_scream

`python -m infer` does this with more care: it keeps EXIF data and never replaces a file of yours.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import faststyle

faststyle.tune_process()  # before torch is imported

from PIL import Image  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description="Stylize a folder of photos.")
    parser.add_argument("photos", type=Path, metavar="FOLDER")
    parser.add_argument("output", type=Path, metavar="OUTPUT")
    parser.add_argument("--style", default="starry_night", help="name or checkpoint file")
    parser.add_argument("--max-size", type=int, default=1600, metavar="N", help="long edge, pixels")
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    style = faststyle.load_style(options.style)  # one for all threads

    def stylize(path: Path) -> str | None:
        """Write the stylized photo; return what is wrong with it, or None."""
        try:
            with Image.open(path) as photo:
                photo.thumbnail((options.max_size, options.max_size))
                result = style(photo)
            result.save(options.output / f"{path.stem}.png")
        except (faststyle.UserError, OSError) as error:  # Pillow raises OSErrors for bad files
            return f"{path}: {error}"
        return None

    files = sorted(path for path in options.photos.iterdir() if path.is_file())
    with ThreadPoolExecutor(options.threads) as threads:
        problems = [problem for problem in threads.map(stylize, files) if problem]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(files) - len(problems)} of {len(files)} files are stylized in {options.output}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
