"""The arguments of the transform network by name and type, readable without torch."""

from __future__ import annotations

from typing import TypedDict


class NetworkArguments(TypedDict):
    """Keyword arguments of `TransformNet`, which documents what each may hold.

    Style checkpoints store them, so readers of checkpoints derive their checks from this class.
    A test holds it equal to the signature of `TransformNet`, which cannot be read without torch.
    """

    width: int
    num_residual_blocks: int
    norm: str
    padding: str
    upsample: str
    output: str
