"""What faststyle.evaluate writes."""

from __future__ import annotations

from typing import Any


def results_of(checkpoint: str) -> dict[str, Any]:
    """The parts of a results.json that others read."""
    median = {"median": {"value": 42.0, "more": True}}
    return {
        "checkpoint": checkpoint,
        "sizes": {
            "256": {
                "network": {"total_loss": 1.234},
                "equivalent_iterations": {"noise": median, "content": median},
                "artifacts": {"stylized": {"checkerboard": 0.015, "border_error": 1.1}},
            }
        },
    }
