"""Good files made bad, and the line with which each is refused."""

from __future__ import annotations

import json
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn
from urllib.error import URLError

import pytest
from safetensors.torch import load_file, save_file
from torch import Tensor

from faststyle.checkpoints.header import METADATA_KEY
from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.errors import UserError


def refusal(path: Path, most: int = 20_000_000) -> str:
    """The one line with which a file is refused, having taken at most so many bytes."""
    tracemalloc.start()
    with pytest.raises(UserError) as caught:
        read_checkpoint(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < most
    message = str(caught.value)
    assert str(path) in message
    assert message.isprintable()
    assert len(message) < 400
    return message


def rewrite(path: Path, edit: Callable[[dict[str, Any], dict[str, Tensor]], object]) -> None:
    """Change the metadata and tensors of a good file."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        metadata = json.loads(json.loads(file.read(length))["__metadata__"][METADATA_KEY])
    tensors = {name: value.clone() for name, value in load_file(path).items()}
    edit(metadata, tensors)
    save_file(tensors, path, metadata={METADATA_KEY: json.dumps(metadata)})


class Calls:
    """Unpickled, it calls a function."""

    def __init__(self, function: Callable[..., Any], *arguments: Any):
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def no_network(*_: object, **__: object) -> NoReturn:
    """In place of what opens a connection."""
    raise URLError("Temporary failure in name resolution")
