"""Options of `evaluate` with nonsense: one line and exit code 2, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.errors import UserError
from faststyle.evaluate.command import main
from faststyle.evaluate.objective import build_objective
from faststyle.files.paths import BUNDLED_STYLES
from tests.support.commands import Outcome, in_process, one_line
from tests.support.pictures import noise_picture

HUGE = "9" * 400
TEXTS = st.text(max_size=8) | st.sampled_from(
    ["", " ", "=", "{", "[", "'", "&a", "*", "!!python/name:os.system", "null", "1e400", ":", "-"]
)
KEYS = st.sampled_from(
    [
        *("style.size", "loss.style_weight", "loss.content_layers", "loss.formula", "loss", ""),
        *("loss_network.name", "loss_network.pooling", "style", "style.name", "nothing", "a[0].b"),
    ]
)


@pytest.fixture
def evaluate(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Outcome]:
    """The command line in this process, on one photo, in the test's own folder."""
    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()
    noise_picture(1).save("photos/photo.png")
    usual = ("--ckpt", str(BUNDLED_STYLES / "starry_night.safetensors"), "--images", "photos")
    weights = ("--loss-network-weights", "bundled", "--cache", "cache", "--device", "cpu")

    def run(*arguments: str, complete: bool = True) -> Outcome:
        given = [*(usual + weights if complete else ()), *arguments]
        return in_process("evaluate", lambda: main(given), capfd)

    return run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--odd",), "unrecognized arguments: --odd (evaluate --help shows all options)"),
        (("--iterations", "0"), "--iterations: '0' is not a whole number above 0"),
        (("--iterations", HUGE), f"--iterations: '{'9' * 60}...' is more than 1000000000"),
        (("--iterations", "9" * 5000), f"--iterations: '{'9' * 60}...' is more than 1000000000"),
        (("--max-images", "²"), "--max-images: '²' is not a whole number above 0"),
        (("--sizes", f"64,{HUGE}"), "--sizes: '64,99999"),
        (("--sizes", "16"), "--sizes: must be at least 32, got 16"),
        (("--style", ""), "--style: the name is empty"),
        (("--output", ""), "--output: the name is empty"),
        (("--set", f"style.size={HUGE}"), "style.size: must be at most 1000000000"),
        (("--set", "style.size={"), "--set: cannot read 'style.size={'"),
        (("--set", f"loss.style_weight={HUGE}"), "number is too large"),
        (("--set", "=5"), "--set '=5': give KEY=VALUE"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: tuple[str, ...], message: str, evaluate: Callable[..., Outcome]
) -> None:
    refused = one_line(evaluate(*arguments))
    assert message in refused
    assert len(refused) < 500
    assert {path.name for path in Path().iterdir()} <= {"photos", "cache", "evaluation"}
    assert not list(Path().glob("evaluation/*"))


def test_what_is_missing_is_named_in_one_line(evaluate: Callable[..., Outcome]) -> None:
    message = one_line(evaluate(complete=False))
    assert "required: --ckpt, --images, --loss-network-weights" in message
    assert "usage:" not in message


@settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(key="style.size", value="9" * 5000)
@example(key="loss.content_layers", value="[null]")
@given(key=KEYS, value=TEXTS)
def test_any_change_of_the_objective(key: str, value: str, painting: Path) -> None:
    """A change is refused in one line, or leaves an objective."""
    metadata = read_checkpoint(BUNDLED_STYLES / "starry_night.safetensors").metadata
    changes = ["loss_network.name=compact", "style.size=32", f"{key}={value}"]
    message = ""
    try:
        objective = build_objective(metadata, painting, "bundled", changes, torch.device("cpu"))
        assert objective.perceptual_loss is not None
    except UserError as error:
        message = str(error)
    assert "\n" not in message
    assert len(message) < 500
