"""Activations kept by rows: in memory, or in a file where they are too many."""

from __future__ import annotations

import tempfile

import numpy as np
import torch
from torch import Tensor

from faststyle.errors import UserError


class ActivationStore:
    """Activations (1, channels, height, width), float32, written and read by rows.

    Args:
        in_file: keep them in a temporary file; read and written, not mapped: mapped pages would
            count as the process's memory.
        device: where `rows` puts them.

    Raises:
        UserError: there is no room for the file.
    """

    def __init__(
        self, height: int, channels: int, width: int, *, in_file: bool, device: torch.device
    ):
        self.height, self.channels, self.width, self.device = height, channels, width, device
        self._file = tempfile.TemporaryFile(prefix="faststyle-", buffering=0) if in_file else None  # noqa: SIM115
        self._rows = None if in_file else torch.empty(height, channels, width)

    def close(self) -> None:
        """Give back memory and file."""
        self._rows = None
        if self._file is not None:
            self._file.close()

    def write(self, start: int, strip: Tensor) -> None:
        """Keep a strip (1, channels, rows, width) from row `start` on.

        Raises:
            UserError: there is no room for the file.
        """
        rows = strip[0].transpose(0, 1).float().cpu()
        if self._rows is not None:
            self._rows[start : start + len(rows)] = rows
            return
        assert self._file is not None
        try:
            self._file.seek(start * self._row_bytes)
            rows.contiguous().numpy().tofile(self._file)
        except OSError as error:
            needed = self.height * self._row_bytes / 1e9
            raise UserError(
                f"cannot keep {needed:.1f} GB in {tempfile.gettempdir()}: "
                f"{error.strerror or error}; make room there, or set TMPDIR to another folder"
            ) from error

    def rows(self, start: int, stop: int) -> Tensor:
        """Rows `start` to `stop` (exclusive), (1, channels, rows, width), on the device."""
        if self._rows is not None:
            rows = self._rows[start:stop]
        else:
            assert self._file is not None
            self._file.seek(start * self._row_bytes)
            count = (stop - start) * self.channels * self.width
            values = np.fromfile(self._file, np.float32, count)
            rows = torch.as_tensor(values).view(stop - start, self.channels, self.width)
        return rows.to(self.device).transpose(0, 1).contiguous().unsqueeze(0)

    @property
    def _row_bytes(self) -> int:
        return 4 * self.channels * self.width
