"""What the library logs, shown to the user."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def notices(show: Callable[[str], None]) -> Iterator[None]:
    """Pass on what the library logs, such as that a picture is stylized in strips."""
    handler = logging.Handler()
    handler.emit = lambda record: show(record.getMessage())
    log = logging.getLogger("faststyle")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        with warnings.catch_warnings():
            # Of broken metadata, in several lines: what matters of it is in a photo's notes.
            warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
            yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
