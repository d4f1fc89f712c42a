"""What a user of `evaluate` may get wrong or lack: old options, odd style images, no matplotlib."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from faststyle.checkpoints.style_checkpoint import write_checkpoint
from faststyle.errors import UserError
from faststyle.evaluate import command, explain
from faststyle.evaluate.command import main
from faststyle.networks.transform_net import TransformNet
from faststyle.optimize import memory
from tests.support.commands import Outcome, RunCli, in_process
from tests.support.networks import TINY_NETWORK
from tests.support.pictures import noise_picture

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
        return in_process("evaluate", lambda: main([*given, *map(str, arguments)]), capfd)

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


# --- matplotlib ---------------------------------------------------------------------------------


def test_without_matplotlib_everything_but_the_plot_is_written(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = [name for name in sys.modules if name.startswith("matplotlib.")]
    for name in ("matplotlib", "matplotlib.figure", "matplotlib.ticker", *loaded):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(explain, "TEXTURE_STEPS", 1)
    outcome = cli("--explain")
    assert outcome.code == 0
    assert outcome.err.startswith("evaluate: no plot is drawn: ")
    assert outcome.err.endswith('run pip install "faststyle-torch[evaluate]" and evaluate again\n')
    assert outcome.err.count("\n") == 1
    assert "48 pixels, medians over 1 photos" in outcome.out
    names = {path.name for path in Path("evaluation").iterdir()}
    assert names == {"results.json", "contact_sheet_48.jpg", "explain.jpg"}
    assert json.loads(Path("evaluation/results.json").read_text())["sizes"]["48"]


def test_no_module_imports_matplotlib(run_cli: RunCli, tmp_path: Path) -> None:
    names = [f"faststyle.evaluate.{file.stem}" for file in Path(explain.__file__).parent.glob("*")]
    program = (
        "import importlib, sys\n"
        f"for name in {[name for name in names if '__' not in name]!r}:\n"
        "    importlib.import_module(name)\n"
        "print(len(sys.argv), 'matplotlib' in sys.modules)\n"
    )
    (tmp_path / "imports.py").write_text(program)
    assert run_cli("imports").out == "1 False\n"


def test_heat_maps_rise_from_dark_to_yellow() -> None:
    errors = torch.linspace(0, 2, 64).expand(8, 64)
    levels = np.asarray(explain.heat_map(errors, Image.new("RGB", (64, 8), "white")), dtype=int)
    assert levels.shape == (8, 64, 3)
    assert levels[0, 0].max() < 10
    assert tuple(levels[0, -1]) == explain.INFERNO[-1]
    assert (np.diff(levels[0].sum(-1)) >= 0).all()


# --- style images, memory, folders --------------------------------------------------------------


def one_line(outcome: Outcome) -> str:
    assert outcome.code == 2, outcome
    assert outcome.err.startswith("evaluate: ")
    assert outcome.err.count("\n") == 1
    return outcome.err


def test_style_images_too_thin_for_the_loss_network(cli: Cli) -> None:
    noise_picture(0, 2, 5000).save("thin.png")
    deep = ("--set", "loss.style_layers=[relu5_1]", "--loss-network-weights=gone.pth")
    message = one_line(cli(*deep, style="thin.png"))
    assert "--style: the picture is 1 x 48 pixels when vgg19 looks at it" in message
    assert "need 16 on each side; crop it, or give --set style.size= more than 48" in message
    noise_picture(0, 96, 32).save("frieze.png")
    assert cli(style="frieze.png").code == 0


def test_style_images_with_nothing_to_learn(cli: Cli) -> None:
    Image.new("RGBA", (60, 40), (0, 0, 0, 0)).save("clear.png")
    message = one_line(cli(style="clear.png"))
    assert "--style: clear.png: the picture has one color, RGB 255, 255, 255" in message


def test_memory_is_estimated_for_the_photos_own_shape(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int, int]] = []

    def peak(_: object, height: int, width: int, history: int) -> int:
        asked.append((height, width, history))
        return 0

    monkeypatch.setattr(memory, "peak_bytes", peak)
    Path("photos/broken.png").write_bytes(b"no picture")
    assert cli().code == 0
    assert asked == [(48, 40, 2)]  # the photo is 48 x 40 pixels; two iterations need no more


def test_sizes_and_style_sizes_that_do_not_fit(cli: Cli) -> None:
    message = one_line(cli("--sizes=10000000"))
    assert "--sizes: 10000000 pixels take about" in message
    assert message.endswith(" fits\n")
    message = one_line(cli("--set", "style.size=10000000"))
    assert "style.size: 10000000 pixels take about" in message


def test_without_a_home_folder(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    assert cli().code == 0  # it names a --cache
    with pytest.raises(UserError, match="--cache: no home folder to keep curves in; give --cache"):
        command.cache_dir()
