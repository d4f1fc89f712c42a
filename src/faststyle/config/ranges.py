"""Checks of numbers in settings: both ends of every range, and messages of bounded length."""

from __future__ import annotations

from collections.abc import Iterable

from faststyle.errors import UserError, shown

MOST = 10**9  # of whole numbers that count something: no machine gets there


def check_range(
    prefix: str,
    config: object,
    low: float,
    high: float,
    names: Iterable[str],
    *,
    open_low: bool = False,
) -> None:
    """Check that these attributes of `config` are None or in [low, high].

    Args:
        open_low: the range is (low, high].

    Raises:
        UserError: one is not, or is not a number; the message calls it `prefix.name`.
    """
    for name in names:
        value = getattr(config, name)
        if value is None or ((low < value if open_low else low <= value) and value <= high):
            continue
        key = f"{prefix}.{name}" if prefix else name
        if value > high:
            limit = f"at most {high:.10g}"
        else:  # smaller, or nan
            limit = f"above {low}" if open_low else f"at least {low}"
        raise UserError(f"{key}: must be {limit}, got {shown(value)}")
