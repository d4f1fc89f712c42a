"""Files made to hurt: refused in one line, nothing run, nothing allocated for what they claim."""

from __future__ import annotations

import json
import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from faststyle.checkpoints.catalog import describe
from faststyle.checkpoints.header import METADATA_KEY
from faststyle.checkpoints.metadata import MAX_TEXT
from faststyle.checkpoints.style_checkpoint import read_checkpoint, write_checkpoint
from faststyle.errors import TrainingDiverged, UserError
from faststyle.losses.pretrained import build_loss_network, read_state_dict
from faststyle.networks.transform_net import TransformNet
from scripts.stress.fuzz_checkpoints import fuzz, originals


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """tiny.safetensors, tiny.ckpt, new.pth and old.pth, all good."""
    return {path.name: path for path in originals(tmp_path, None)}


@pytest.fixture
def style(files: dict[str, Path]) -> Path:
    return files["tiny.safetensors"]


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


# --- weights ----------------------------------------------------------------------------------

NAME = "residual.0.conv1.weight"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda t: t.pop(NAME), f"{NAME} is missing"),
        (lambda t: t.pop("encoder.0.0.weight"), "encoder.0.0.weight is missing"),
        (lambda t: t.update({"photo": torch.ones(2)}), "photo is surplus"),
        (lambda t: t.update({"\x1b[2J": torch.ones(2)}), r"'\x1b[2J' is surplus"),
        (
            lambda t: t.update({NAME: torch.ones(16, 16, 3, 1)}),
            f"{NAME} is 16 x 16 x 3 x 1, expected 16 x 16 x 3 x 3",
        ),
        (lambda t: t.update({NAME: t[NAME].double()}), f"{NAME} holds torch.float64"),
        (lambda t: t.update({NAME: t[NAME].to(torch.int8)}), f"{NAME} holds torch.int8"),
        (
            lambda t: t.update({NAME: t[NAME].to(torch.float8_e4m3fn)}),
            f"{NAME} holds torch.float8_e4m3fn",
        ),
        (lambda t: t[NAME][3, 2].fill_(torch.nan), f"{NAME} holds values that are not finite"),
        (lambda t: t[NAME][3, 2].fill_(torch.inf), f"{NAME} holds values that are not finite"),
    ],
)
def test_wrong_tensors_are_named(
    edit: Callable[[dict[str, Tensor]], Any], message: str, style: Path
) -> None:
    rewrite(style, lambda _, tensors: edit(tensors))
    assert message in refusal(style)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float32])
def test_half_and_full_precision_are_read(kind: torch.dtype, style: Path) -> None:
    rewrite(style, lambda _, t: t.update({name: value.to(kind) for name, value in t.items()}))
    net = read_checkpoint(style).build()
    assert {value.dtype for value in net.state_dict().values()} == {torch.float32}
    assert all(value.device.type == "cpu" for value in net.state_dict().values())


def test_another_architecture_is_a_short_line(style: Path) -> None:
    rewrite(style, lambda metadata, _: metadata["network"].update(width=8))
    assert "encoder.0.0.weight is 4 x 3 x 9 x 9, expected 8 x 3 x 9 x 9" in refusal(style)


@pytest.mark.parametrize("key", ["width", "num_residual_blocks"])
@pytest.mark.parametrize("value", [10**6, 10**18, 0])
def test_absurd_sizes_are_refused_before_anything_is_built(
    key: str, value: int, style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []
    monkeypatch.setattr(TransformNet, "__init__", lambda *args, **kwargs: built.append(kwargs))
    rewrite(style, lambda metadata, _: metadata["network"].update({key: value}))
    assert "weights do not fit its network" in refusal(style)
    assert not built


def test_a_tensor_that_only_claims_to_be_large(style: Path, tmp_path: Path) -> None:
    """One number repeated by strides of 0, and dimensions beside one of 0."""
    checkpoint = read_checkpoint(style)
    state = {
        f"transform_net.{name}": torch.zeros(1).expand(10**5, *value.shape[1:])
        for name, value in checkpoint.state_dict.items()
    }
    path = tmp_path / "large.ckpt"
    torch.save({"state_dict": state, METADATA_KEY: checkpoint.metadata}, path)
    assert "more than the file" in refusal(path)
    rewrite(
        style,
        lambda metadata, tensors: (
            metadata["network"].update(width=10**9),
            tensors.update({"encoder.0.0.weight": torch.zeros(10**9, 0, 9, 9)}),
        ),
    )
    assert "encoder.0.0.weight is 1000000000 x 0 x 9 x 9" in refusal(style)


def test_weights_that_are_not_finite_are_never_written(style: Path) -> None:
    net, before = read_checkpoint(style).build(), style.read_bytes()
    with torch.no_grad():
        net.encoder[0][0].weight[0] = torch.nan  # type: ignore[index]
    with pytest.raises(TrainingDiverged, match=r"encoder\.0\.0\.weight is no longer a finite"):
        write_checkpoint(style, net, read_checkpoint(style).metadata)
    assert style.read_bytes() == before


def test_what_half_precision_cannot_hold_is_kept(style: Path, tmp_path: Path) -> None:
    metadata = read_checkpoint(style).metadata
    metadata["network"]["norm"] = "batch"
    net = TransformNet(**metadata["network"])
    net.encoder[0][1].num_batches_tracked += 100_000  # type: ignore[index, operator]
    net.encoder[0][1].running_var.fill_(1e6)  # type: ignore[index, union-attr]
    write_checkpoint(tmp_path / "batch.safetensors", net, metadata)
    state = read_checkpoint(tmp_path / "batch.safetensors").build().state_dict()
    assert state["encoder.0.1.num_batches_tracked"] == 100_000
    assert state["encoder.0.1.running_var"].eq(1e6).all()


# --- metadata ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "changes", "message"),
    [
        ("style", {"name": "../../etc/passwd"}, "style.name is '../../etc/passwd', not up to 80"),
        ("style", {"image": "/home/me/cat.jpg"}, "not a file name without folders"),
        ("style", {"title": "\x1b[2Jgone"}, r"control characters: '\x1b[2Jgone'"),
        ("style", {"title": "\u202egnp.exe"}, "control characters"),
        ("style", {"a\nb": 1}, "control characters"),
        ("style", {"title": "a" * (MAX_TEXT + 1)}, f"a text of {MAX_TEXT + 1} characters"),
        ("style", {"year": "1889"}, "style.year is '1889', not a number"),
        ("network", {"width": "4"}, "network.width is '4', not a whole number"),
        ("network", {"width": True}, "network.width is True, not a whole number"),
        ("network", {"width": -4}, "network.width is -4, not a whole number"),
        ("network", {"width": 10**30}, "more than 63 bits"),
        ("network", {"width": None}, "network.width is None"),
        ("network", {"norm": "layer"}, "network.norm: 'layer' is not one of instance, batch"),
        ("network", {"depth": 3}, "network.depth is unknown"),
        ("loss", {"style_layers": [1, 2]}, "loss.style_layers is [1, 2], not a list of texts"),
        ("training", {"steps": 1.5}, "training.steps is 1.5, not a whole number"),
        ("metrics", {"val/style_loss": [1]}, "metrics.val/style_loss is [1], not a number"),
        ("versions", {"torch": 2}, "versions.torch is 2, not a text"),
        ("later", {str(i): i for i in range(5000)}, "too large"),
        ("later", {"a": {"b": {"c": {"d": {"e": {"f": {}}}}}}}, "too large"),
    ],
)
def test_metadata_that_is_not_ours(
    section: str, changes: dict[str, Any], message: str, style: Path
) -> None:
    rewrite(style, lambda metadata, _: metadata.setdefault(section, {}).update(changes))
    assert message in refusal(style)


def test_sections_of_another_type(style: Path) -> None:
    rewrite(style, lambda metadata, _: metadata.update(style=["tiny"]))
    assert "style is no JSON object" in refusal(style)


def test_what_a_later_version_adds_is_tolerated(style: Path) -> None:
    later = {"strength": {"end": [0.5, 1.0], "photo": True, "of": None}}
    rewrite(style, lambda metadata, _: metadata.update(later))
    checkpoint = read_checkpoint(style)
    assert checkpoint.metadata["strength"] == later["strength"]
    assert "end: 0.5, 1.0" in describe(checkpoint.metadata)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format": ' + "9" * 10_000 + "}", '{"a": 1,}'])
def test_json_that_breaks_readers(text: str, style: Path) -> None:
    save_file({"a": torch.ones(1)}, style, metadata={METADATA_KEY: text})
    assert "not a readable style checkpoint" in refusal(style)


def test_what_is_written_can_be_read_again(style: Path) -> None:
    """A title with a line break, as a user may well give it."""
    checkpoint = read_checkpoint(style)
    odd = {**checkpoint.metadata, "style": {"title": "Two\nlines\x1b", "rights": "r" * 9999}}
    write_checkpoint(style, checkpoint.build(), odd)
    assert read_checkpoint(style).metadata["style"]["title"] == "Two lines "


# --- containers -------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [2**63, 2**40, 99_000_000])
def test_a_header_that_claims_more_than_there_is(length: int, style: Path) -> None:
    style.write_bytes(length.to_bytes(8, "little") + style.read_bytes()[8:])
    assert f"header claims {length} bytes" in refusal(style)


def deflate(path: Path, extra: int) -> None:
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
        archive.writestr("tiny/data/99", bytes(extra))


def test_a_zip_bomb(files: dict[str, Path]) -> None:
    deflate(files["tiny.ckpt"], 50_000_000)
    assert files["tiny.ckpt"].stat().st_size < 200_000
    assert "compressed archive" in refusal(files["tiny.ckpt"], most=2_000_000)


class Calls:
    """Unpickled, it calls a function."""

    def __init__(self, function: Callable[..., Any], *arguments: Any):
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (Calls(bytearray, 10**9), "bytearray"),  # torch lets it through: 1 GB
        (Calls(print, "run"), "print"),
    ],
)
def test_calls_are_refused_by_name(
    call: Calls, named: str, files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = files["tiny.ckpt"]
    contents = {"extra": call, **torch.load(path, weights_only=True)}
    torch.save(contents, path)
    assert f".{named}, and a file from elsewhere may run nothing" in refusal(path)
    path.write_bytes(pickle.dumps(contents))
    assert f".{named}, and a file" in refusal(path)
    torch.save(contents, files["old.pth"], _use_new_zipfile_serialization=False)
    with pytest.raises(UserError, match=f"it needs .*{named}, and"):
        read_state_dict(files["old.pth"])
    assert not capsys.readouterr().out


def test_old_torch_files_are_read_and_their_claims_checked(files: dict[str, Path]) -> None:
    new, old = (read_state_dict(files[name]) for name in ("new.pth", "old.pth"))
    assert all(torch.equal(new[name], old[name]) for name in new)
    data = files["old.pth"].read_bytes()
    size = (64 * 27).to_bytes(2, "little")
    assert data.count(b"M" + size) >= 1
    files["old.pth"].write_bytes(data.replace(b"M" + size, b"J\x00\x00\x00\x40", 1))
    with pytest.raises(UserError, match=r"old\.pth is not a file of plain tensors \(its tensors"):
        read_state_dict(files["old.pth"])


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_loss_network_weights_that_are_not_finite(value: float, files: dict[str, Path]) -> None:
    state = read_state_dict(files["new.pth"])
    state["features.0.weight"][0] = value
    torch.save(state, files["new.pth"])
    with pytest.raises(UserError, match=r"new\.pth: features\.0\.weight holds values that are not"):
        build_loss_network("vgg19", ["relu1_1"], weights=str(files["new.pth"]), pooling="max")


def test_loss_network_weights_of_whole_numbers(files: dict[str, Path]) -> None:
    state = {name: value.int() for name, value in read_state_dict(files["new.pth"]).items()}
    torch.save(state, files["new.pth"])
    with pytest.raises(UserError, match=r"features\.0\.\w+ holds torch\.int32"):
        build_loss_network("vgg19", ["relu1_1"], weights=str(files["new.pth"]), pooling="max")


def test_mutations_are_loaded_or_refused() -> None:
    counts, failures = fuzz(100, seed=1, style=None)
    assert not failures
    assert sum(counts.values()) == 100
    assert any("loaded" in name for name in counts)
