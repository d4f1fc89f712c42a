"""State dicts as people save them, and one line on files of networks that are not known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from faststyle.convert.command import main
from tests.support.commands import Outcome, in_process
from tests.support.peers import examples_state

Run = Callable[..., Outcome]
State = dict[str, Tensor]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(file: str, *arguments: str) -> Outcome:
        return in_process("import", lambda: main([file, *arguments]), capsys)

    return run


def parallel(state: State) -> State:
    return {f"module.{name}": value for name, value in state.items()}


WRAPPED: dict[str, Callable[[State], Any]] = {
    "module.": parallel,
    "module.module.": lambda state: parallel(parallel(state)),
    "state_dict": lambda state: {"epoch": 3, "state_dict": state, "loss": 0.5},
    "model": lambda state: {"model": state, "optimizer": {"state": {}, "lr": [0.1]}},
    "model_state_dict": lambda state: {"model_state_dict": parallel(state)},
    "both": lambda state: {"model": {"state_dict": parallel(state)}},
}


@pytest.mark.parametrize("wrapping", WRAPPED)
def test_wrapped_state_dicts_give_the_same_network(run: Run, wrapping: str) -> None:
    state = examples_state(4, 1)
    torch.save(state, "plain.pth")
    torch.save(WRAPPED[wrapping](state), "wrapped.pth")
    assert run("plain.pth", "--name", "plain").code == 0
    outcome = run("wrapped.pth", "--name", "wrapped")
    assert outcome.code == 0, outcome.err
    plain, wrapped = (load_file(f"checkpoints/{name}.safetensors") for name in ("plain", "wrapped"))
    assert plain.keys() == wrapped.keys()
    for name, value in plain.items():
        assert torch.equal(value, wrapped[name])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"features.0.weight": torch.zeros(64, 3, 3, 3), "features.0.bias": torch.zeros(64)},
            "it holds 2 tensors from features.0.weight (64 x 3 x 3 x 3) on, not a network of a",
        ),
        ({"a\nb": torch.zeros(())}, r"it holds 1 tensors from 'a\nb' (a single number) on"),
        ({"epoch": 3}, "it holds 1 entries and no tensor"),
        ({}, "it holds 0 entries and no tensor"),
        ({"state_dict": {"model": {}}}, "it holds 0 entries and no tensor"),
        ([torch.zeros(1)], "it is not a state dict"),
        ({"module.x": torch.zeros(2), "y": torch.zeros(1)}, "2 tensors from module.x (2) on"),
    ],
    ids=range(7),
)
def test_what_is_not_known_is_described_in_one_line(
    run: Run, content: object, message: str
) -> None:
    torch.save(content, "their.pth")
    outcome = run("their.pth", "--name", "theirs")
    assert outcome.code == 2
    assert outcome.err.startswith("import: their.pth: ")
    assert message in outcome.err
    assert "give a state dict of pytorch/examples' fast_neural_style, or the folder" in outcome.err
    assert outcome.err.count("\n") == 1
    assert outcome.err.strip().isprintable()


def test_a_style_checkpoint_needs_no_conversion(run: Run) -> None:
    save_file({"x": torch.zeros(1)}, "ours.safetensors")
    outcome = run("ours.safetensors", "--name", "ours")
    assert outcome.code == 2
    assert "only files of torch.save are converted" in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_circle_of_wrappers_ends(run: Run) -> None:
    circle: dict[str, Any] = {}
    circle["model"] = circle
    torch.save(circle, "circle.pth")
    outcome = run("circle.pth", "--name", "circle")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
