"""Networks of lengstrom/fast-style-transfer give the same pictures here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from faststyle.checkpoints.style_checkpoint import read_checkpoint
from tests.support.commands import Outcome, one_line
from tests.support.peers import (
    SIZES,
    lengstrom_picture,
    lengstrom_variables,
    painted,
    photo,
    write_variables,
)

Run = Callable[..., Outcome]


# --- the same picture ----------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "num_blocks"), [(3, 5), (8, 1), (5, 0)])
@pytest.mark.parametrize("given", ["theirs", "theirs/manifest.json"])
def test_lengstrom(run: Run, width: int, num_blocks: int, given: str) -> None:
    variables = lengstrom_variables(width, num_blocks)
    write_variables(Path("theirs"), variables)
    assert run(given).code == 0
    for size in SIZES:
        expected = lengstrom_picture(variables, photo(*size))
        assert expected.std() > 0.1
        difference = painted(Path("checkpoints/theirs.safetensors"), photo(*size)) - expected
        assert difference.abs().max() < 1e-4


# --- the checkpoint ------------------------------------------------------------------------------


def test_a_folder_is_hashed_in_the_order_of_its_variables(run: Run) -> None:
    variables = lengstrom_variables(2, 0)
    write_variables(Path("wave"), variables)
    assert run("wave", "--output", "elsewhere/wave.safetensors").code == 0
    origin = read_checkpoint(Path("elsewhere/wave.safetensors")).metadata["origin"]
    content = b"".join(variable.tobytes() for variable in variables)
    sha256 = hashlib.sha256(content).hexdigest()
    assert origin == {"kind": "lengstrom", "file": "wave", "sha256": sha256}


# --- what is no such network ---------------------------------------------------------------------


def test_a_folder_without_a_manifest(run: Run) -> None:
    Path("empty").mkdir()
    assert "no manifest.json in this folder; give " in one_line(run("empty"))


def manifest_with(**changes: Any) -> Callable[[dict[str, Any]], None]:
    """An edit of Variable_4's entry."""
    return lambda manifest: manifest["Variable_4"].update(changes)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda manifest: manifest.clear(), "it has 0 variables, expected 18, and 6 more for each"),
        (lambda manifest: manifest.pop("Variable_23"), "it has 23 variables, expected 18"),
        (lambda manifest: manifest.pop("Variable_4"), "names no Variable_4"),
        (manifest_with(filename="../Variable_4"), "gives Variable_4 no shape, or a file of anothe"),
        (manifest_with(shape="4"), "gives Variable_4 no shape"),
        (manifest_with(shape=[-4]), "gives Variable_4 a shape other than 0 to 4"),
        (manifest_with(shape=[10**9] * 9), "gives Variable_4 a shape other than 0 to 4"),
        (manifest_with(shape=[60_000] * 4), "Variable_4 is missing, or not the"),
        (manifest_with(shape=[1, 4]), "is 1 x 4, expected 4"),
        (lambda manifest: manifest["Variable_3"].update(shape=[72]), "is not a kernel of 4 dim"),
        (
            lambda manifest: manifest["Variable_3"].update(shape=[4, 2, 3, 3]),
            "3 x 3 x 4 x 2, expected 4 x 2",
        ),
    ],
)
def test_damaged_manifests(run: Run, edit: Callable[[dict], object], message: str) -> None:
    file = write_variables(Path("theirs"), lengstrom_variables(2, 1)) / "manifest.json"
    manifest = json.loads(file.read_text())
    edit(manifest)
    file.write_text(json.dumps(manifest))
    assert message in one_line(run("theirs"))


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000, '"' + "x" * (1 << 20) + '"', "\udcff"])
def test_manifests_that_are_none(run: Run, text: str) -> None:
    file = write_variables(Path("theirs"), lengstrom_variables(2, 1)) / "manifest.json"
    file.write_bytes(text.encode(errors="surrogateescape"))
    assert "theirs: not a network of lengstrom: its manifest.json is not JSON" in one_line(
        run("theirs")
    )


def test_variables_that_are_damaged(run: Run) -> None:
    folder = write_variables(Path("theirs"), lengstrom_variables(2, 1))
    (folder / "Variable_4").write_bytes(b"\x00\x00\xc0\x7f" * 4)  # not a number
    assert "not finite numbers" in one_line(run("theirs"))
    (folder / "Variable_4").unlink()
    assert "Variable_4 is missing, or not the 16 bytes of its shape" in one_line(run("theirs"))
