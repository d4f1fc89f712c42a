"""Activations in a file."""

from __future__ import annotations

import pytest
import torch

from faststyle.errors import UserError
from faststyle.rendering.activation_store import ActivationStore

CPU = torch.device("cpu")


def test_no_room_for_the_activations_is_one_line(monkeypatch) -> None:
    store = ActivationStore(8, 2, 4, in_file=True, device=CPU)
    store.close()

    class Full:
        def seek(self, position: int) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_file", Full())
    with pytest.raises(UserError, match="No space left on device; make room there, or set TMPDIR"):
        store.write(0, torch.zeros(1, 2, 1, 4))
