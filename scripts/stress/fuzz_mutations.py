"""Mutations of a file: each changes `data` in place, within `reach` bytes from its start."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

STRANGE: list[Any] = [
    None, True, -1, 0, 2, 10**6, 10**30, 1e308, float("nan"), "", "../../etc/passwd", "a" * 5000,
    "\x1b[2J", "\u202e", "\ud800", [], {}, [[[[[[[[]]]]]]]], {"a": {"b": {"c": {"d": {"e": {}}}}}},
]  # fmt: skip


def flip(data: bytearray, rng: random.Random, reach: int) -> None:
    """Flip 1 to 64 bits."""
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        data[rng.randrange(reach)] ^= 1 << rng.randrange(8)


def overwrite(data: bytearray, rng: random.Random, reach: int) -> None:
    """Replace up to 32 bytes with one repeated byte."""
    start = rng.randrange(reach)
    fill = rng.choice((b"\xff", b"\x00", b"\x80", b"9", b"[", b'"'))
    data[start : start + rng.choice((1, 2, 4, 8, 32))] = fill * rng.choice((1, 2, 4, 8, 32))


def truncate(data: bytearray, rng: random.Random, reach: int) -> None:
    """Cut the end off."""
    del data[rng.randrange(rng.choice((reach, len(data)))) :]


def splice(data: bytearray, rng: random.Random, reach: int) -> None:
    """Replace a few bytes with a copy of others."""
    source, target = rng.randrange(reach), rng.randrange(reach)
    data[target : target + rng.choice((0, 8, 64))] = data[
        source : source + rng.choice((8, 64, 512))
    ]


def edit_json(data: bytearray, rng: random.Random, reach: int) -> None:
    """Edit a safetensors header and correct its length; in another file flip bits."""
    length = int.from_bytes(data[:8], "little")
    try:
        header = json.loads(bytes(data[8 : 8 + length]))
        inner = json.loads(header["__metadata__"]["faststyle"])
    except (ValueError, KeyError):
        flip(data, rng, reach)
        return
    alter(inner if rng.random() < 0.7 else header, rng)
    if isinstance(header.get("__metadata__"), dict):
        header["__metadata__"]["faststyle"] = json.dumps(inner)
    text = json.dumps(header).encode("utf-8", "surrogatepass")
    data[: 8 + length] = len(text).to_bytes(8, "little") + text


def alter(tree: dict[str, Any], rng: random.Random) -> None:
    """Set a key somewhere in `tree` to a strange value, remove it, or add one."""
    while True:
        key = rng.choice(list(tree))
        if isinstance(tree[key], dict) and tree[key] and rng.random() < 0.8:
            tree = tree[key]
            continue
        action = rng.random()
        if action < 0.7:
            tree[key] = rng.choice(STRANGE)
        elif action < 0.85:
            del tree[key]
        else:
            tree[rng.choice(("new", "\x1b[31m", "k" * 3000))] = rng.choice(STRANGE)
        return


MUTATIONS: list[Callable[[bytearray, random.Random, int], None]] = [
    flip, overwrite, truncate, splice, edit_json,
]  # fmt: skip
