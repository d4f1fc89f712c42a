"""What a pickle would do, found out by reading it without doing it."""

from __future__ import annotations

import pickletools
from collections.abc import Iterator
from itertools import islice
from typing import IO, Any

from faststyle.errors import UserError

MAX_OPCODES = 1 << 20  # of a pickle; a training checkpoint's has about 5,000
STORAGES = ("Float", "Half", "BFloat16", "Double", "Long", "Int", "Short", "Char", "Byte", "Bool")
GLOBALS = {
    "collections OrderedDict",
    *(f"torch._utils _rebuild_{kind}" for kind in ("tensor", "tensor_v2", "parameter")),
    *(f"torch {kind}Storage" for kind in STORAGES),
}


class UnsafeFile(UserError):
    """The reason alone; who reads the file says what it was to be."""


def opcodes_of(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """Name and argument of each step of one pickle; leaves `file` behind its end."""
    opcodes = ((opcode.name, argument) for opcode, argument, _ in pickletools.genops(file))
    yield from islice(opcodes, MAX_OPCODES)
    if next(opcodes, None) is not None:
        raise UnsafeFile(f"it holds more than {MAX_OPCODES} values beside its tensors")


def check_globals(opcodes: Iterator[tuple[str, Any]]) -> None:
    """Every name that would be imported is one of GLOBALS; torch.save writes no STACK_GLOBAL."""
    texts: list[str] = []
    for name, argument in opcodes:
        if name in ("GLOBAL", "INST", "STACK_GLOBAL"):
            called = argument if name != "STACK_GLOBAL" else " ".join(texts[-2:])
            if name == "STACK_GLOBAL" or called not in GLOBALS:
                called = ascii(called.replace(" ", "."))[1:-1][:80]
                raise UnsafeFile(
                    f"it needs {called}, and a file from elsewhere may run nothing; if you trust "
                    "it, load it in Python and save its tensors alone with torch.save"
                )
        elif isinstance(argument, str):
            texts.append(argument)


def claimed_elements(opcodes: list[tuple[str, Any]]) -> Iterator[int]:
    """The size of each storage, which the old format allocates before it reads: (..., size, None).

    Read off the opcodes just before a storage is asked for; another order is not torch.save's.
    """
    steps = [step for step in opcodes if not step[0].endswith("BINPUT")]
    for index, (name, _) in enumerate(steps):
        if name in ("BINPERSID", "PERSID"):
            (size_name, elements), none, made = steps[index - 3 : index]
            if none[0] != "NONE" or made[0] != "TUPLE" or "INT" not in size_name:
                raise UnsafeFile("it is damaged (a tensor's size is missing)")
            yield abs(elements)
