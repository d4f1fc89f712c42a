"""Stylize photos: `python -m infer --ckpt FILE PHOTO...`. See `python -m infer --help`."""

import sys

from faststyle.infer.command import main

if __name__ == "__main__":
    sys.exit(main())
