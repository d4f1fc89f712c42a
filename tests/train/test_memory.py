"""Batches that do not fit into memory: refused before, and explained when it is too late."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from faststyle.errors import UserError
from faststyle.train import inputs, memory, run
from faststyle.train.memory import OutOfMemory, check_step_fits, explain_out_of_memory
from faststyle.train.module import StyleTransfer
from tests.support.commands import Outcome, one_line
from tests.support.runs import compose_config

CPU = torch.device("cpu")


def test_a_batch_too_large_is_refused_with_one_that_fits(
    module: StyleTransfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda _: 10_000_000)
    data = compose_config("experiment=smoke").data
    data.batch_size, data.image_size = 64, 256
    with pytest.raises(UserError, match="64 crops of 256 pixels take about") as error:
        check_step_fits(module, data, CPU)
    fits = re.search(r"data\.image_size=(\d+) fits", str(error.value))
    assert fits is not None
    data.image_size = int(fits[1])
    check_step_fits(module, data, CPU)


def test_counting_layers_leaves_the_module_as_it_was(module: StyleTransfer) -> None:
    before = {name: value.clone() for name, value in module.state_dict().items()}
    module.train()
    check_step_fits(module, compose_config("experiment=smoke").data, CPU)
    assert module.training
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert not any(layer._forward_hooks for layer in module.modules())


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried ..."),
        RuntimeError("std::bad_alloc"),
    ],
    ids=["python", "cuda", "cpu", "c++"],
)
def test_memory_that_runs_out_names_batch_and_crop(error: Exception) -> None:
    config = compose_config("experiment=smoke")
    words = r"data\.batch_size=2 .* data\.image_size=32"
    with pytest.raises(OutOfMemory, match=words) as caught, explain_out_of_memory(config):
        raise error
    assert caught.value.exit_code == 1


def test_other_errors_keep_their_traceback() -> None:
    with (
        pytest.raises(RuntimeError, match="a bug"),
        explain_out_of_memory(compose_config("experiment=smoke")),
    ):
        raise RuntimeError("a bug")


def test_memory_that_runs_out_before_the_first_step_names_the_style_image(
    train_cli: Callable[..., Outcome],
    smoke_overrides: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    def no_memory(*_: object) -> None:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried")

    monkeypatch.setattr(run, "build_module", no_memory)
    outcome = train_cli(*smoke_overrides)
    assert (outcome.code, outcome.err) == (
        1,
        "train: out of memory before the first step, with style.size=64 and "
        "data.num_val_images=2 crops of data.image_size=32 pixels; give smaller ones\n",
    )
    assert not list(tmp_path.glob("runs/*"))


def test_a_style_size_that_does_not_fit_is_refused_before_it_is_made(
    train_cli: Callable[..., Outcome],
    smoke_overrides: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inputs, "available_bytes", lambda _: 10**9)
    monkeypatch.setattr(inputs, "resize_long_edge", lambda *_: pytest.fail("it was made"))
    message = one_line(train_cli(*smoke_overrides, "style.size=16384"))
    assert "train: style.size: 16384 pixels take about " in message
    assert "1.0 GB are free" in message
    fitting = int(message.partition("style.size=")[2].partition(" fits")[0])
    assert 200 < fitting < 16384
    monkeypatch.undo()
    monkeypatch.setattr(inputs, "available_bytes", lambda _: 10**9)
    config = compose_config(*smoke_overrides, f"style.size={fitting}")
    assert max(inputs.read_style_image(config).image.size) == fitting


def test_more_held_out_photos_than_memory_holds_are_refused_before_any_is_read(
    train_cli: Callable[..., Outcome],
    smoke_overrides: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda _: 27 * 2**20)
    monkeypatch.setattr(run, "build_content", lambda *_: pytest.fail("photos were read"))
    many = ["data.image_size=256", "data.num_val_images=1000"]
    message = one_line(train_cli(*smoke_overrides, *many))
    assert "data.num_val_images: 1000 crops of 256 pixels take about 1.8 GB" in message
    assert message.endswith("data.num_val_images=16 fits\n")
