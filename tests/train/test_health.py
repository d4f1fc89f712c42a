"""Training that goes wrong is noticed and explained; healthy training warns of nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from faststyle.config.train import TrainConfig
from faststyle.images.tensors import to_tensor
from faststyle.networks.transform_net import TransformNet
from faststyle.train import health
from faststyle.train.health import EARLY, Vitals, content_kept, pixel_vitals
from faststyle.train.module import StyleTransfer
from faststyle.train.run import train
from tests.support.pictures import noise_batch, noise_picture

MakeConfig = Callable[..., TrainConfig]
HEALTHY = Vitals(step=100, deviation=0.15, saturated=0.02, content=0.7, fallen=0.5)


# --- what is measured -------------------------------------------------------------------------


def test_a_picture_of_one_color_and_one_of_black_and_white() -> None:
    grey = torch.tensor([0.2, 0.5, 0.9]).view(1, 3, 1, 1).expand(1, 3, 16, 16)
    assert pixel_vitals(grey) == (pytest.approx(0, abs=1e-6), 0)
    deviation, saturated = pixel_vitals((torch.rand(1, 3, 16, 16) > 0.5).float())
    assert deviation > 0.4
    assert saturated == 1


@pytest.mark.parametrize("count", [1, 2])
def test_content_is_kept_by_the_photo_and_lost_by_anything_else(
    count: int, module: StyleTransfer
) -> None:
    given = noise_batch(32, *range(count))
    assert content_kept(module.perceptual_loss, given, given) < 0.01
    same_for_all = to_tensor(noise_picture(50, 32, 32)).expand(count, 3, 32, 32)
    grey = torch.full_like(given, 0.5)
    assert content_kept(module.perceptual_loss, given, grey) > 0.9
    assert content_kept(module.perceptual_loss, given, same_for_all) > 0.9


# --- what is said -----------------------------------------------------------------------------


# (step, deviation, saturated, content, fallen) as runs gave them; docs/reliability.md.
REAL = [
    (100, 0.174, 0.0004, 0.551, 0.294),  # quickstart
    (100, 0.108, 0.0, 0.877, 0.578),  # the worst of VGG-19 at 128 pixels, really at step 50
    (1400, 0.17, 0.0, 0.53, 0.315),  # the shipped style
    (100, 0.275, 0.009, 0.815, 0.365),  # The Great Wave, really at step 64
]


@pytest.mark.parametrize("vitals", REAL)
def test_real_runs_are_healthy(vitals: tuple[int, float, float, float, float]) -> None:
    assert not Vitals(*vitals).complaints()


@pytest.mark.parametrize(
    ("change", "kind", "advice"),
    [
        ({"deviation": 0.001}, "one color", "trainer.learning_rate"),
        ({"saturated": 0.97}, "black and white", "trainer.learning_rate"),
        ({"content": 0.999}, "content", "loss.style_weight"),
        ({"fallen": 0.99}, "loss", "trainer.learning_rate"),
    ],
)
def test_each_fault_has_one_line_with_cause_and_advice(
    change: dict[str, float], kind: str, advice: str
) -> None:
    sick = {**vars(HEALTHY), **change}
    complaints = Vitals(**sick).complaints()
    assert list(complaints) == [kind]
    assert advice in complaints[kind]
    assert "likely" in complaints[kind]
    assert "\n" not in complaints[kind]
    assert not Vitals(**{**sick, "step": EARLY - 1}).complaints()


@pytest.fixture
def judged_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of a few steps are judged too."""
    monkeypatch.setattr(health, "EARLY", 10)


# Weights stay where a test puts them, whatever the processor and its rounding.
STILL = ("trainer.max_steps=30", "trainer.preview_every=10", "trainer.learning_rate=1e-12")


@pytest.fixture
def train_as(
    make_config: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Path]:
    """Train for a few steps a network that is `changed` before the first of them."""

    def run(changed: Callable[[TransformNet], object]) -> Path:
        def start(self: StyleTransfer) -> None:
            changed(self.transform_net)

        def end(self: StyleTransfer) -> None:
            vars(self.transform_net).pop("forward", None)

        monkeypatch.setattr(StyleTransfer, "on_train_start", start)
        monkeypatch.setattr(StyleTransfer, "on_train_end", end)
        return train(make_config(*STILL), tmp_path / "run", None)

    return run


def scale_output(net: TransformNet, factor: float) -> None:
    """Weights of the last convolution times `factor`, with biases of 0."""
    last = net.decoder[2]
    last.bias.data.zero_()  # type: ignore[union-attr, operator]
    last.weight.data.mul_(factor)  # type: ignore[union-attr, operator]


def replace_output(net: TransformNet, picture: Callable[[Tensor], Tensor]) -> None:
    """The network gives `picture(photos)`; its weights have gradients of 0."""
    forward = net.forward
    net.forward = lambda photos: picture(photos) + 0 * forward(photos)  # type: ignore[method-assign]


FIXED = to_tensor(noise_picture(50, 32, 32))
STATES: dict[str, Callable[[TransformNet], object]] = {
    "collapsed to one color": lambda net: scale_output(net, 0.0),
    "collapsed to black and white": lambda net: scale_output(net, 1e4),
    "no longer show their photos": lambda net: replace_output(net, FIXED.expand_as),
    "the loss is 100% of that at the start": lambda net: None,
}


@pytest.mark.usefixtures("judged_early")
@pytest.mark.parametrize("message", STATES)
def test_a_run_gone_wrong_warns_once_and_goes_on(
    message: str, train_as: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    final = train_as(STATES[message])
    assert capsys.readouterr().err.count(message) == 1
    assert final.is_file()


@pytest.mark.usefixtures("judged_early")
def test_a_healthy_run_warns_of_nothing(
    train_as: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """White pictures before the first step, pictures that show their photos from then on."""

    def begin(self: StyleTransfer) -> None:
        replace_output(self.transform_net, torch.ones_like)

    monkeypatch.setattr(StyleTransfer, "on_fit_start", begin)
    train_as(lambda net: replace_output(net, lambda photos: photos))
    assert not capsys.readouterr().err
