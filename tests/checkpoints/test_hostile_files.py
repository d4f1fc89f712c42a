"""Files made to hurt: refused in one line, with little memory, and nothing in them is run."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from faststyle.checkpoints.header import METADATA_KEY
from faststyle.checkpoints.style_checkpoint import read_checkpoint, write_checkpoint
from faststyle.errors import TrainingDiverged
from faststyle.networks.transform_net import TransformNet
from scripts.stress.fuzz_checkpoints import fuzz
from tests.support.hostile import refusal, rewrite

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


def test_mutations_are_loaded_or_refused() -> None:
    counts, failures = fuzz(100, seed=1, style=None)
    assert not failures
    assert sum(counts.values()) == 100
    assert any("loaded" in name for name in counts)
