"""Batches that do not fit into memory: refused before, and explained when it is too late."""

from __future__ import annotations

import re

import pytest
import torch

from faststyle.errors import UserError
from faststyle.train import memory
from faststyle.train.memory import OutOfMemory, check_step_fits, explain_out_of_memory
from faststyle.train.module import StyleTransfer
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
    data = compose_config("experiment=smoke").data
    words = r"data\.batch_size=2 .* data\.image_size=32"
    with pytest.raises(OutOfMemory, match=words) as caught, explain_out_of_memory(data):
        raise error
    assert caught.value.exit_code == 1


def test_other_errors_keep_their_traceback() -> None:
    with (
        pytest.raises(RuntimeError, match="a bug"),
        explain_out_of_memory(compose_config("experiment=smoke").data),
    ):
        raise RuntimeError("a bug")
