"""experiment=quickstart: a style learned with the network cable out."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from faststyle.checkpoints.style_checkpoint import read_checkpoint
from tests.support.checkout import CHECKOUT
from tests.support.commands import Outcome
from tests.support.runs import QUICKSTART_SHORT


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> NoReturn:
        raise AssertionError(f"quickstart went to the network: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("offline")
def test_learns_a_style_and_then_another_from_it(
    train_cli: Callable[..., Outcome], tmp_path: Path
) -> None:
    outcome = train_cli("style=starry_night", "experiment=quickstart", *QUICKSTART_SHORT)
    assert outcome.code == 0, outcome.err
    assert "bundled swatch" in outcome.out
    assert "continue with VGG-19 and COCO photos" in outcome.out
    first = Path("checkpoints/starry_night.safetensors")
    assert f"init_from={first}" in outcome.out
    (picture,) = tmp_path.glob("runs/starry_night/*/landscape.jpg")
    assert str(picture.relative_to(tmp_path)) in outcome.out
    (run,) = tmp_path.glob("runs/starry_night/*/previews")
    assert (run / "step_000000.jpg").is_file()

    again = train_cli(
        "style=great_wave", "experiment=quickstart", f"init_from={first}", *QUICKSTART_SHORT
    )
    assert again.code == 0, again.err
    metadata = read_checkpoint(tmp_path / "checkpoints" / "great_wave.safetensors").metadata
    assert metadata["loss_network"]["name"] == "compact"
    assert metadata["data"]["source"] == "synthetic"


@pytest.mark.usefixtures("offline")
def test_the_shipped_style_is_a_base_for_the_others(train_cli: Callable[..., Outcome]) -> None:
    base = CHECKOUT / "checkpoints" / "starry_night.safetensors"
    outcome = train_cli("style=udnie", "experiment=restyle", f"init_from={base}", *QUICKSTART_SHORT)
    assert outcome.code == 0, outcome.err


def test_a_style_that_is_there_is_kept(
    smoke_overrides: list[str], train_cli: Callable[..., Outcome], tmp_path: Path
) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    (folder / "starry_night.safetensors").write_bytes(b"hours of work")
    for number in (1, 2):
        before = (folder / "starry_night.safetensors").read_bytes()
        outcome = train_cli(*smoke_overrides, f"seed={number}")
        assert outcome.code == 0, outcome.err
        assert f"is now {folder}/starry_night_{number}.safetensors" in outcome.out
        assert (folder / f"starry_night_{number}.safetensors").read_bytes() == before
    names = ["starry_night", "starry_night_1", "starry_night_2"]
    assert sorted(path.stem for path in folder.iterdir()) == names
