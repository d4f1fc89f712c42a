"""What a style checkpoint says of itself, for people."""

from __future__ import annotations

from typing import Any


def describe(metadata: dict[str, Any]) -> str:
    """The metadata as a person reads it, a line a fact."""
    lines = []

    def add(value: Any, label: str, indent: int) -> None:
        if isinstance(value, dict):
            lines.append(f"{'  ' * indent}{label}:")
            for key, item in value.items():
                add(item, str(key), indent + 1)
        elif value is not None:
            if isinstance(value, list):
                value = ", ".join(map(str, value))
            lines.append(
                f"{'  ' * indent}{label}: {value:.4g}"
                if isinstance(value, float)
                else f"{'  ' * indent}{label}: {value}"
            )

    for key, value in metadata.items():
        add(value, key, 0)
    return "\n".join(lines)
