"""Counts and lists the photos that cannot be used; too many of them end the run."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from faststyle.errors import UserError

ENOUGH = 20  # photos tried before their share is judged
SIGMAS = 4.0  # standard deviations by which the share must exceed what is allowed


class SkippedPhotos:
    """Reasons of the photos that could not be used, and how many were tried.

    Args:
        max_share: of the photos tried that may be bad; a photo counts each time it is tried.
    """

    def __init__(self, max_share: float):
        self.max_share = max_share
        self.reasons: set[str] = set()
        self.tried = self.bad = 0
        self._listed: set[str] = set()

    def count(self, used: int, skipped: Iterable[str]) -> None:
        """Count photos that were used, and the reasons of those that could not be.

        Raises:
            UserError: more could not be used than `max_share` allows.
        """
        skipped = list(skipped)
        self.reasons.update(skipped)
        self.tried += used + len(skipped)
        self.bad += len(skipped)
        share = self.max_share
        chance = SIGMAS * math.sqrt(share * (1 - share) * self.tried)
        if self.tried >= ENOUGH and self.bad > share * self.tried + chance:
            raise UserError(
                f"{self.bad} of {self.tried} photos tried could not be used, more than "
                f"data.max_bad_share={share:g} allows; one of them: {min(self.reasons)}; "
                "give other photos, or raise data.max_bad_share"
            )

    def list_in(self, path: Path) -> None:
        """Append new reasons to a file at once, so that a run that is killed leaves its list."""
        if not self._listed and path.is_file():  # of the run that is resumed
            self._listed = set(path.read_text(encoding="utf-8").splitlines())
            self.reasons |= self._listed
        new = sorted(self.reasons - self._listed)
        if new:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.writelines(f"{reason}\n" for reason in new)
            self._listed.update(new)
