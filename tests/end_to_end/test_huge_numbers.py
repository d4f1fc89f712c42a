"""Whole numbers of hundreds and thousands of digits: one line, by every command and the library."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from faststyle import TransformNet, UserError, load_style
from faststyle.evaluate.command import main as evaluate
from faststyle.files.paths import BUNDLED_STYLES
from faststyle.infer.command import main as infer
from faststyle.optimize.command import main as optimize
from faststyle.train.command import main as train
from tests.support.commands import in_process, one_line
from tests.support.networks import TINY_NETWORK
from tests.support.pictures import noise_picture

COMMANDS: dict[str, tuple[Callable[[], object], list[str]]] = {
    "train": (train, ["experiment=smoke", "trainer.max_steps={}"]),
    "optimize": (optimize, ["content=photo.png", "style=udnie", "size={}"]),
    "infer": (infer, ["--ckpt", "udnie", "photo.png", "--max-size", "{}"]),
    "evaluate": (
        evaluate,
        [
            *("--ckpt", str(BUNDLED_STYLES / "udnie.safetensors"), "--images", "."),
            *("--loss-network-weights", "bundled", "--iterations", "{}"),
        ],
    ),
}


@pytest.mark.parametrize("digits", [400, 5000])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_refuses_it_in_one_short_line(
    command: str,
    digits: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    noise_picture(0).save("photo.png")
    main, arguments = COMMANDS[command]
    monkeypatch.setattr(sys, "argv", [command, *(a.format("9" * digits) for a in arguments)])
    assert len(one_line(in_process(command, main, capfd))) < 250


@pytest.mark.parametrize("digits", [400, 5000])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_library_refuses_it_in_one_short_line(digits: int, sign: int) -> None:
    huge = sign * 10**digits
    style = load_style("udnie", "cpu")
    photo = noise_picture(0)
    for use in (
        lambda: style(photo, huge),
        lambda: style(photo, stroke_scale=huge),
        lambda: TransformNet(**{**TINY_NETWORK, "width": huge}),  # type: ignore[arg-type]
        lambda: TransformNet(**{**TINY_NETWORK, "num_residual_blocks": huge}),  # type: ignore[arg-type]
    ):
        with pytest.raises(UserError, match="a number of more than 30 digits") as refused:
            use()
        assert len(str(refused.value)) < 150


def test_memory_without_end_is_a_limit_that_is_never_reached() -> None:
    assert isinstance(load_style("udnie", "cpu", 10**5000)(noise_picture(0)), Image.Image)
