"""Networks of other projects paint the same picture here; what is none is refused in a line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Outcome, noise_picture
from peers import (
    examples_picture,
    examples_state,
    lengstrom_picture,
    lengstrom_variables,
    read_variables,
    write_variables,
)
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from faststyle.checkpoints.catalog import describe
from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.convert.command import main
from faststyle.images.read import load_image
from faststyle.images.tensors import to_tensor
from faststyle.rendering.stylizer import Stylizer

SIZES = [(48, 64), (52, 44), (8, 8)]
Run = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, name: str = "theirs") -> Outcome:
        capsys.readouterr()
        try:
            code = main([*map(str, arguments), "--name", name])
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


def one_line(outcome: Outcome) -> str:
    assert outcome.code == 2
    assert outcome.err.startswith("import: ")
    assert outcome.err.count("\n") == 1
    assert outcome.err.strip().isprintable()
    assert len(outcome.err) < 500
    return outcome.err


def photo(height: int, width: int) -> Tensor:
    return to_tensor(noise_picture(0, width, height))


@torch.inference_mode()
def painted(checkpoint: Path, photos: Tensor) -> Tensor:
    return read_checkpoint(checkpoint).build()(photos)


# --- the same picture ----------------------------------------------------------------------------


@pytest.mark.parametrize("stale", [False, True], ids=["plain", "running stats"])
@pytest.mark.parametrize(("width", "num_blocks"), [(3, 5), (8, 1), (5, 0)])
def test_pytorch_examples(run: Run, width: int, num_blocks: int, stale: bool) -> None:
    state = examples_state(width, num_blocks, stale)
    torch.save(state, "their.model")
    assert run("their.model").code == 0
    for size in SIZES:
        expected = examples_picture(state, photo(*size))
        assert expected.std() > 0.1
        difference = painted(Path("checkpoints/theirs.safetensors"), photo(*size)) - expected
        assert difference.abs().max() < 1e-4


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


def test_files_of_old_torch_and_in_half_precision(run: Run) -> None:
    state = {name: value.half() for name, value in examples_state(4, 1).items()}
    torch.save(state, "old.pth", _use_new_zipfile_serialization=False)
    assert run("old.pth").code == 0
    expected = examples_picture({k: v.float() for k, v in state.items()}, photo(32, 32))
    difference = painted(Path("checkpoints/theirs.safetensors"), photo(32, 32)) - expected
    assert difference.abs().max() < 1e-4


REAL = {
    "pytorch_examples": [
        f"pytorch_examples_nc/{name}_b1_e2_1e05_1e10.model"
        for name in ("candy_nc16", "mosaic_nc16", "mosaic_nc8")
    ],
    "lengstrom": ["lengstrom/la_muse", "lengstrom/wave"],
}


@pytest.mark.real
@pytest.mark.parametrize(("kind", "name"), [(k, name) for k in REAL for name in REAL[k]])
def test_real_networks(run: Run, real_data: Path, kind: str, name: str) -> None:
    file = real_data / "peers" / name
    assert run(file).code == 0
    photos = to_tensor(load_image(real_data / "data/content/amber.jpg"))[..., :500, :500]
    with torch.no_grad():
        if kind == "pytorch_examples":
            expected = examples_picture(torch.load(file, weights_only=True), photos)
        else:
            expected = lengstrom_picture(read_variables(file), photos)
    difference = painted(Path("checkpoints/theirs.safetensors"), photos) - expected
    print(f"{name}: largest difference {difference.abs().max():.1e}")
    assert difference.abs().max() < 0.1 / 255


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


def test_a_folder_is_hashed_in_the_order_of_its_variables(run: Run) -> None:
    variables = lengstrom_variables(2, 0)
    write_variables(Path("wave"), variables)
    assert run("wave", "--output", "elsewhere/wave.safetensors").code == 0
    origin = read_checkpoint(Path("elsewhere/wave.safetensors")).metadata["origin"]
    content = b"".join(variable.tobytes() for variable in variables)
    sha256 = hashlib.sha256(content).hexdigest()
    assert origin == {"kind": "lengstrom", "file": "wave", "sha256": sha256}


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


def test_a_folder_without_a_manifest(run: Run) -> None:
    Path("empty").mkdir()
    assert "no manifest.json in this folder; give " in one_line(run("empty"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"in4.bias": None}, "in4.bias is missing"),
        ({"res1.conv2.conv2d.weight": None}, "res1.conv2.conv2d.weight is missing"),
        ({"in6.bias": torch.zeros(4)}, "in6.bias is surplus"),
        ({"conv1.conv2d.weight": torch.zeros(())}, "is a single number, expected 4 x 3 x 9 x 9"),
        ({"conv1.conv2d.bias": torch.zeros(9)}, "4 x 3 x 9 x 9, expected 9 x 3 x 9 x 9"),
        ({"conv1.conv2d.bias": torch.zeros(0)}, "expected 0 x 3 x 9 x 9"),
        ({"conv2.conv2d.weight": torch.zeros(8, 4, 5, 5)}, "8 x 4 x 5 x 5, expected 8 x 4 x 3"),
        ({"in1.bias": torch.full((4,), torch.nan)}, "values that are not finite numbers"),
        ({"in1.bias": torch.zeros(4, dtype=torch.int64)}, "holds torch.int64"),
        ({"in1.bias": "text"}, "it is not a state dict"),
        ({"\x1b[2J": torch.zeros(1)}, r"'\x1b[2J' is surplus"),
        ({"in1.bias": torch.zeros(1).expand(100_000)}, "its tensors take 4"),
    ],
    ids=str,
)
def test_damaged_state_dicts(run: Run, changes: dict[str, Any], message: str) -> None:
    state = {k: v for k, v in (examples_state(4, 1) | changes).items() if v is not None}
    torch.save(state, "their.model")
    assert message in one_line(run("their.model"))
    assert not Path("checkpoints").exists()


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
