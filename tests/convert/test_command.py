"""The command import: the checkpoint it writes, and files that it refuses."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from faststyle.checkpoints.catalog import describe
from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.errors import UserError
from faststyle.rendering.stylizer import Stylizer
from tests.support.commands import Outcome, one_line
from tests.support.peers import examples_state, lengstrom_variables, write_variables
from tests.support.pictures import noise_picture

Run = Callable[..., Outcome]


# --- the checkpoint ------------------------------------------------------------------------------


def test_the_checkpoint_says_where_it_is_from(run: Run) -> None:
    torch.save(examples_state(4, 1), "candy.model")
    outcome = run("candy.model", "--title", "Candy", name="candy")
    assert outcome.out.startswith("checkpoints/candy.safetensors\n")
    checkpoint = read_checkpoint(Path("checkpoints/candy.safetensors"))
    assert checkpoint.metadata["style"] == {"name": "candy", "title": "Candy"}
    assert checkpoint.metadata["origin"] == {
        "kind": "pytorch_examples",
        "file": "candy.model",
        "sha256": hashlib.sha256(Path("candy.model").read_bytes()).hexdigest(),
    }
    assert "  kind: pytorch_examples" in describe(checkpoint.metadata).splitlines()
    assert not {"loss", "loss_network", "data", "training"} & checkpoint.metadata.keys()
    tensors = load_file("checkpoints/candy.safetensors")
    assert {value.dtype for value in tensors.values()} == {torch.float32}


def test_an_imported_style_paints_photos(run: Run) -> None:
    write_variables(Path("wave"), lengstrom_variables(2, 1))
    run("wave")
    stylizer = Stylizer(read_checkpoint(Path("checkpoints/theirs.safetensors")), "cpu")
    result = stylizer(noise_picture(0, 41, 30))
    assert isinstance(result, Image.Image)
    assert result.size == (41, 30)


def test_nothing_is_overwritten_unasked(run: Run) -> None:
    torch.save(examples_state(4, 1), "their.model")
    target = Path("checkpoints/theirs.safetensors")
    target.parent.mkdir()
    target.write_text("precious")
    assert "exists; give --force" in one_line(run("their.model"))
    assert target.read_text() == "precious"
    assert run("their.model", "--force").code == 0
    assert read_checkpoint(target).metadata["style"]["name"] == "theirs"


# --- what is no such network ---------------------------------------------------------------------


def test_mistakes_on_the_command_line(run: Run) -> None:
    torch.save(examples_state(4, 1), "their.model")
    assert "no such file or folder: nothing" in one_line(run("nothing"))
    assert "--name: '../x' names a file" in one_line(run("their.model", name="../x"))
    assert "must end in .safetensors" in one_line(run("their.model", "--output", "x.ckpt"))
    message = one_line(run("their.model", "--from", "lengstrom"))
    assert "their.model: not a network of lengstrom: cannot read its manifest.json" in message
    write_variables(Path("wave"), lengstrom_variables(2, 0))
    assert "not a network of pytorch_examples" in one_line(run("wave", "--from=pytorch_examples"))
    assert not Path("checkpoints").exists()


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"PK\x03\x04", b"\x80\x02}q\x00.", b"\x80\x02cos\nsystem\n."]
)
def test_files_that_are_something_else(run: Run, content: bytes) -> None:
    Path("their.model").write_bytes(content)
    assert "give a state dict of pytorch/examples' fast_neural_style" in one_line(
        run("their.model")
    )
    message = one_line(run("their.model", "--from", "pytorch_examples"))
    assert "their.model: not a network of pytorch_examples: " in message


# --- mistakes on the command line ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.pth", "--odd"], "unrecognized arguments: --odd (faststyle-import --help shows all"),
        ([""], "FILE: the name is empty"),
        (["a.pth", "--from", "nobody"], "--from: invalid choice: 'nobody'"),
        (["a.pth", "--output", ""], "--output: the name is empty"),
        ([], "required: FILE"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], message: str, run: Run) -> None:
    assert message in one_line(run(*arguments))


def test_a_name_of_any_length_is_one_short_line(run: Run) -> None:
    message = one_line(run("a.pth", name="x" * 5000))
    assert "--name: 'xxxxx" in message
    assert len(message) < 300


def test_the_command_printed_at_the_end_can_be_pasted(run: Run) -> None:
    torch.save(examples_state(4, 1), "candy.model")
    target = "my styles (new)/it's.safetensors"
    Path("my styles (new)").mkdir()
    outcome = run("candy.model", "--output", target)
    command = shlex.split(outcome.out.splitlines()[1].removeprefix("now: "))
    assert command == ["python", "-m", "infer", "--ckpt", target, "PHOTO"]


def test_the_command_that_imports_can_be_pasted(run: Run) -> None:
    path = Path("their net (1).pth")
    torch.save(examples_state(4, 1), path)
    with pytest.raises(UserError, match="not a style checkpoint; import networks") as refused:
        read_checkpoint(path)
    program, file, option, name = shlex.split(str(refused.value).rpartition("first: ")[2])
    assert (program, option) == ("faststyle-import", "--name")
    assert run(file, name=name).code == 0
