"""Train a style: `python -m train style=starry_night`. See `python -m train --help`."""

from faststyle.train.command import main

if __name__ == "__main__":
    main()
