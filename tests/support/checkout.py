"""The checkout that is tested, and the styles that it ships."""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

SHIPPED = sorted((CHECKOUT / "checkpoints").glob("*.safetensors"))
