"""Tools for developers, run from the checkout: `python -m scripts.<folder>.<name> --help`."""
