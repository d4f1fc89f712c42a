"""The command export: the file it writes, and what it refuses."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from faststyle import load_style
from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.convert import command as convert
from faststyle.images.tensors import to_image, to_tensor
from faststyle.infer import command as infer
from tests.export.conftest import in_onnx_runtime
from tests.support.commands import Outcome, RunCli, one_line
from tests.support.peers import examples_state, lengstrom_variables, write_variables
from tests.support.pictures import noise_picture

Run = Callable[..., Outcome]
ONNX = Path("tiny.onnx")


# --- the file ------------------------------------------------------------------------------------


def test_the_file_gives_the_pictures_of_infer(run: Run) -> None:
    outcome = run("--output", "new/tiny.onnx", "--strength", "0.7")
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("new/tiny.onnx\nchecked with ONNX Runtime")
    noise_picture(3, 51, 46).save("photo.png")
    style = ("--ckpt", "tiny.safetensors", "--strength", "0.7", "--grain", "0")
    assert infer.main([*style, "photo.png", "--output", "out.png"]) == 0
    with Image.open("photo.png") as photo, Image.open("out.png") as stylized:
        result = to_image(in_onnx_runtime(Path("new/tiny.onnx"))(to_tensor(photo.convert("RGB"))))
        difference = np.asarray(result).astype(int) - np.asarray(stylized)
    assert np.abs(difference).max() <= 1


def test_the_file_carries_the_metadata(run: Run) -> None:
    import onnx

    assert run("--output", ONNX, "--strength", "0.25").code == 0
    model = onnx.load(ONNX)
    properties = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(properties["faststyle"]) == read_checkpoint(Path("tiny.safetensors")).metadata
    assert properties["faststyle_strength"] == "0.25"
    assert model.producer_name == "faststyle"


@pytest.mark.parametrize("kind", ["pytorch_examples", "lengstrom"])
def test_imported_networks_of_other_projects(kind: str, run: Run) -> None:
    photos = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    if kind == "pytorch_examples":
        torch.save(examples_state(4, 1), "theirs.model")
        assert convert.main(["theirs.model", "--name", "theirs"]) == 0
    else:
        write_variables(Path("theirs"), lengstrom_variables(4, 1))
        assert convert.main(["theirs", "--name", "theirs"]) == 0
    outcome = run("--output", ONNX, ckpt="theirs")
    assert outcome.code == 0, outcome.err
    ours = load_style("theirs", "cpu")(photos, grain=0)
    torch.testing.assert_close(in_onnx_runtime(ONNX)(photos), ours, rtol=0, atol=0.1 / 255)


def test_as_a_module(run: Run, run_cli: RunCli) -> None:
    outcome = run_cli("faststyle.export", "--ckpt", "tiny.safetensors", "--output", ONNX)
    assert (outcome.code, outcome.err) == (0, "")
    assert ONNX.is_file()


# --- what is refused -----------------------------------------------------------------------------


def test_mistakes_on_the_command_line(run: Run) -> None:
    assert "must end in .onnx" in one_line(run("--output", "tiny.safetensors"))
    assert "arguments are required: --output" in one_line(run())
    assert "invalid float value: 'much'" in one_line(run("--output", ONNX, "--strength", "much"))
    twice = one_line(run("--output", ONNX, "--strength", "1.5"))
    assert "strength: 1.5 applies the style to its own result" in twice
    for strength in ("-1", "2.1", "nan"):
        message = one_line(run("--output", ONNX, f"--strength={strength}"))
        assert f"strength: {strength} is not between 0 (the photo)" in message
    assert "no such checkpoint: tinny" in one_line(run("--output", ONNX, ckpt="tinny"))
    Path("broken.safetensors").write_text("hello")
    assert "broken.safetensors: not a" in one_line(run("--output", ONNX, ckpt="broken.safetensors"))
    Path("folder.onnx").mkdir()
    assert "folder.onnx is a folder" in one_line(run("--output", "folder.onnx", "--force"))
    Path("file").touch()
    assert "cannot write file/tiny.onnx" in one_line(run("--output", "file/tiny.onnx"))
    assert not ONNX.exists()


def test_nothing_is_overwritten_unasked(run: Run) -> None:
    ONNX.write_text("precious")
    assert "exists; give --force" in one_line(run("--output", ONNX))
    assert ONNX.read_text() == "precious"
    assert run("--output", ONNX, "--force").code == 0
    assert ONNX.stat().st_size > 1000


def test_a_file_whose_pictures_differ_is_not_written(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ONNX.write_text("precious")
    monkeypatch.setattr("faststyle.export.graph.BORDER", 0)
    message = one_line(run("--output", ONNX, "--force"))
    assert "tiny.onnx is not written: at" in message
    assert "levels of 255, at most 1 is allowed" in message
    assert ONNX.read_text() == "precious"
    assert not list(Path().glob(".*partial"))


# --- packages that may be missing ----------------------------------------------------------------


def test_without_onnx(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("onnx_file", "graph", "builder"):
        monkeypatch.delitem(sys.modules, f"faststyle.export.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "onnx", None)
    message = one_line(run("--output", ONNX))
    assert 'need the package onnx: pip install "faststyle-torch[onnx]"' in message
    assert not ONNX.exists()


def test_without_onnx_runtime(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "faststyle.export.check", raising=False)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    outcome = run("--output", ONNX)
    assert outcome.code == 0, outcome.err
    assert "not checked, as ONNX Runtime is not installed" in outcome.out
    assert ONNX.stat().st_size > 1000
