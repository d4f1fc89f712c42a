"""Inspection of a pickle without executing it."""

from __future__ import annotations

import pickletools
from collections.abc import Iterator
from itertools import islice
from typing import IO, Any

from faststyle.errors import UserError

MAX_OPCODES = 1 << 20  # of one pickle; that of a run checkpoint has about 5,000
STORAGES = ("Float", "Half", "BFloat16", "Double", "Long", "Int", "Short", "Char", "Byte", "Bool")
GLOBALS = {
    "collections OrderedDict",
    *(f"torch._utils _rebuild_{kind}" for kind in ("tensor", "tensor_v2", "parameter")),
    *(f"torch {kind}Storage" for kind in STORAGES),
}


class UnsafeFile(UserError):
    """The reason why a file is refused; the caller adds its path and what it should have been."""


def opcodes_of(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """Name and argument of each opcode of one pickle; leaves `file` just after it.

    Raises:
        UnsafeFile: it has more than MAX_OPCODES.
    """
    opcodes = ((opcode.name, argument) for opcode, argument, _ in pickletools.genops(file))
    yield from islice(opcodes, MAX_OPCODES)
    if next(opcodes, None) is not None:
        raise UnsafeFile(f"it holds more than {MAX_OPCODES} values beside its tensors")


def check_globals(opcodes: Iterator[tuple[str, Any]]) -> None:
    """Check that every name the pickle would import is one of GLOBALS.

    Raises:
        UnsafeFile: another name, or a STACK_GLOBAL, which torch.save does not write.
    """
    texts: list[str] = []
    for name, argument in opcodes:
        if name in ("GLOBAL", "INST", "STACK_GLOBAL"):
            called = str(argument) if name != "STACK_GLOBAL" else " ".join(texts[-2:])
            if name == "STACK_GLOBAL" or called not in GLOBALS:
                called = ascii(called.replace(" ", "."))[1:-1][:80]
                raise UnsafeFile(
                    f"it needs {called}, and a file from elsewhere may run nothing; if you trust "
                    "it, load it in Python and save its tensors alone with torch.save"
                )
        elif isinstance(argument, str):
            texts.append(argument)


def claimed_elements(opcodes: list[tuple[str, Any]]) -> Iterator[int]:
    """The number of elements of each storage, which torch's old format allocates before reading.

    It is read off the three opcodes before a storage is loaded: the size, None, the tuple.

    Raises:
        UnsafeFile: those opcodes are others, so torch.save did not write them.
    """
    steps = [step for step in opcodes if not step[0].endswith("BINPUT")]
    for index, (name, _) in enumerate(steps):
        if name in ("BINPERSID", "PERSID"):
            (size_name, elements), none, made = steps[index - 3 : index]
            if none[0] != "NONE" or made[0] != "TUPLE" or "INT" not in size_name:
                raise UnsafeFile("it is damaged (a tensor's size is missing)")
            yield abs(elements)
