"""What a user of `evaluate` may get wrong or lack: old options, odd style images, no matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from conftest import TINY_NETWORK, Outcome, noise_picture

from faststyle.checkpoints.style_checkpoint import write_checkpoint
from faststyle.evaluate.command import main
from faststyle.networks.transform_net import TransformNet

Cli = Callable[..., Outcome]


@pytest.fixture
def cli(
    tmp_path: Path,
    tiny_weights: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Cli:
    """The command line in this process, on one photo, in the test's own folder."""
    monkeypatch.chdir(tmp_path)
    metadata = {
        "network": TINY_NETWORK,
        "style": {"name": "tiny", "size": 48},
        "loss": {
            "formula": "relative",
            "content_weight": 1.0,
            "style_weight": 5.0,
            "tv_weight": 0.1,
            "content_layers": ["relu2_2"],
            "style_layers": ["relu1_1", "relu2_1"],
        },
        "loss_network": {"name": "vgg19", "weights": "vgg19.pth", "pooling": "max"},
    }
    torch.manual_seed(0)
    write_checkpoint(Path("tiny.safetensors"), TransformNet(**TINY_NETWORK), metadata)  # type: ignore[arg-type]
    noise_picture(100, 70, 50).save("style.png")
    Path("photos").mkdir()
    noise_picture(1).save("photos/photo.png")

    def run(*arguments: object, style: str = "style.png", weights: bool = True) -> Outcome:
        given = ["--ckpt=tiny.safetensors", f"--style={style}", "--images=photos", "--sizes=48"]
        given += ["--iterations=2", "--device=cpu", "--cache=cache"]
        if weights:
            given.append(f"--loss-network-weights={tiny_weights}")
        capfd.readouterr()
        try:
            code = main([*given, *map(str, arguments)])
        except SystemExit as stop:
            code = int(stop.code or 0)
        shown = capfd.readouterr()
        return Outcome(code, str(shown.out), str(shown.err))

    return run


def test_the_old_name_of_the_weights_option_prints_the_new_one(
    cli: Cli, tiny_weights: Path
) -> None:
    for arguments in ([f"--loss-weights={tiny_weights}"], ["--loss-weights", tiny_weights] * 2):
        outcome = cli(*arguments, weights=False)
        assert outcome.code == 0
        assert outcome.err == "evaluate: --loss-weights is now called --loss-network-weights\n"
    assert cli().err == ""
    outcome = cli(weights=False)
    assert outcome.code == 2
    assert "required: --loss-network-weights" in outcome.err
