"""How fast faststyle is beside a plain implementation: one run, alternating, medians.

    python scripts/benchmark.py --loss-weights vgg19.pth

The plain baseline is what most projects do: the width-32 network in eager float32 with separate
reflection padding and nearest upsampling, and a training step that runs the loss network to its
deepest layer on photo and output alike. Same weights, same photos. Each contender has a process of
its own, and the two take turns: malloc's settings and heap belong to a process, and a baseline that
finds our heap is a third faster than what its users have.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from machine import describe_machine, measured_rate, multiply_adds, peak_memory
from torch import Tensor, nn

from faststyle import keep_freed_memory
from faststyle.files.atomic import atomic_write
from faststyle.losses.architectures import VGG_STAGES, FrozenConv2d
from faststyle.losses.functional import relative_error, total_variation
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.networks.transform_net import TransformNet

NETWORK = {
    "width": 32,
    "num_residual_blocks": 5,
    "norm": "instance",
    "padding": "reflect",
    "upsample": "nearest",
    "output": "sigmoid",
}
CONTENT_LAYER = "relu4_2"
STYLE_LAYERS = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
STYLE_WEIGHT, TV_WEIGHT = 4.0, 0.5
SIZES = {"256x256": (256, 256), "512x512": (512, 512), "720p": (720, 1280), "1080p": (1080, 1920)}
TRAINING_SIDE = 256
MOST_PIXELS = 12_000_000  # timed a row: beyond, fewer repeats
CURVE_STEPS, CURVE_SIDE = 50, 128
DISTURBANCE = 1e-6  # of weights: what two runs of a chaotic system differ by in any case
PARTS = ("training", "inference", "cold")
CONTENDERS = ("plain", "ours")


class PlainNet(nn.Module):
    """Johnson's network as its many ports write it, with a TransformNet's weights."""

    def __init__(self, net: TransformNet):
        super().__init__()
        norms = [m for m in net.modules() if isinstance(m, nn.InstanceNorm2d)]
        self.convs = nn.ModuleList(_padded_copy(conv) for conv in convs_of(net))
        self.norms = nn.ModuleList(
            _copied(nn.InstanceNorm2d(norm.num_features, affine=True), norm) for norm in norms
        )

    def _conv(self, x: Tensor, index: int) -> Tensor:
        return self.convs[index](x)

    def forward(self, images: Tensor) -> Tensor:
        x = images - 0.5
        for i in range(3):
            x = F.relu(self.norms[i](self._conv(x, i)))
        last = len(self.convs) - 3
        for i in range(3, last, 2):
            y = F.relu(self.norms[i](self._conv(x, i)))
            x = x + self.norms[i + 1](self._conv(y, i + 1))
        for i in (last, last + 1):
            x = F.relu(self.norms[i](self._conv(F.interpolate(x, scale_factor=2.0), i)))
        return torch.sigmoid(self._conv(x, last + 2))


def _padded_copy(conv: nn.Conv2d) -> nn.Module:
    margin, _ = conv.padding
    assert isinstance(margin, int)
    copy = nn.Conv2d(conv.in_channels, conv.out_channels, 2 * margin + 1, conv.stride[0])
    return nn.Sequential(nn.ReflectionPad2d(margin), _copied(copy, conv))


def _copied(target: nn.Module, source: nn.Module) -> nn.Module:
    target.load_state_dict(source.state_dict())
    return target


class PlainLoss(nn.Module):
    """The relative objective as its ports write it, on a plain VGG-19 with the same weights."""

    def __init__(self, loss: PerceptualLoss):
        super().__init__()
        network = loss.loss_network
        self.layers = network.layers
        self.mean, self.std = network.mean, network.std
        self.targets = loss.style_grams()

    def features(self, images: Tensor) -> dict[str, Tensor]:
        x, found = (images - self.mean) / self.std, {}
        for name, layer in self.layers.items():
            if isinstance(layer, FrozenConv2d):
                x = F.conv2d(x, layer.weight, layer.bias, padding=1)
            else:
                x = layer(x)
            found[name] = x
        return found

    def forward(self, photos: Tensor, stylized: Tensor) -> Tensor:
        of_photo, of_output = self.features(photos), self.features(stylized)
        style = []
        for layer, target in self.targets.items():
            flat = of_output[layer].flatten(2)
            style.append(relative_error(flat @ flat.mT / flat[0].numel(), target))
        content = relative_error(of_output[CONTENT_LAYER], of_photo[CONTENT_LAYER])
        return content + STYLE_WEIGHT * torch.stack(style).mean() + TV_WEIGHT * total_variation(
            stylized
        )  # fmt: skip


class Contender:
    """Times `plain` or `ours`; both are built, so that either can be compared with the other."""

    def __init__(self, who: str, device: torch.device, loss_weights: Path | None):
        self.who, self.device, self.loss_weights = who, device, loss_weights
        torch.manual_seed(0)
        net = TransformNet(**NETWORK).to(device)
        self.nets = {"plain": PlainNet(net), "ours": net}

    def stylize(self, size: tuple[int, ...], who: str | None = None) -> Tensor:
        """One forward pass over a batch of shape (N, H, W)."""
        generator = torch.Generator().manual_seed(1)
        batch, *sides = size
        images = torch.rand(batch, 3, *sides, generator=generator).to(self.device)
        with torch.inference_mode():
            return self._timed(lambda: self.nets[who or self.who](images))

    def prepare_training(self) -> None:
        layers = [CONTENT_LAYER, *STYLE_LAYERS]
        state = _vgg19_state(self.loss_weights)
        self.loss = PerceptualLoss(
            LossNetwork("vgg19", layers, pooling="max", state_dict=state),
            formula="relative",
            content_weight=1.0,
            style_weight=STYLE_WEIGHT,
            tv_weight=TV_WEIGHT,
            content_layers=[CONTENT_LAYER],
            style_layers=STYLE_LAYERS,
            style_image=torch.rand(1, 3, 256, 256),
        ).to(self.device)
        self.plain_loss = PlainLoss(self.loss)
        net = self.nets[self.who]
        self.initial = {key: value.clone() for key, value in net.state_dict().items()}
        self.optimizer = torch.optim.Adam(net.parameters(), 1e-3)

    def gradients(self, who: str, side: int = TRAINING_SIDE, seed: int = 2) -> Tensor:
        """The loss of four pictures; its gradients are left in the parameters."""
        generator = torch.Generator().manual_seed(seed)
        photos = torch.rand(4, 3, side, side, generator=generator).to(self.device)
        self.nets[who].zero_grad()
        if who == "ours":
            targets = self.loss.content_targets(photos)
            loss = self.loss(self.nets[who](photos), targets)["total_loss"]
        else:
            loss = self.plain_loss(photos, self.nets[who](photos))
        loss.backward()
        return loss.detach()

    def train_step(self) -> Tensor:
        return self._timed(lambda: (self.gradients(self.who), self.optimizer.step())[0])

    def curve(self, steps: int, side: int, disturbance: float = 0.0) -> list[float]:
        """The losses of `steps` training steps from the first weights, each on other pictures.

        `disturbance` is a relative change of those weights.
        """
        net = self.nets[self.who]
        net.load_state_dict({k: v * (1 + disturbance) for k, v in self.initial.items()})
        self.optimizer = torch.optim.Adam(net.parameters(), 1e-3)
        losses = []
        for step in range(steps):
            losses.append(self.gradients(self.who, side, seed=step).item())
            self.optimizer.step()
        return losses

    def _timed(self, work: Callable[[], Tensor]) -> Tensor:
        self._synchronize()
        start = time.perf_counter()
        result = work()
        self._synchronize()
        self.seconds = time.perf_counter() - start
        return result

    def _synchronize(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def compare_stylize(self, size: tuple[int, ...]) -> float:
        """Largest difference of the two outputs, in [0, 1]."""
        return (self.stylize(size, "plain") - self.stylize(size, "ours")).abs().max().item()

    def compare_training(self, side: int = TRAINING_SIDE) -> tuple[float, float]:
        """Relative difference of the losses, and of the gradients of the layer furthest apart."""
        losses = [self.gradients(who, side) for who in CONTENDERS]
        # Biases before an instance norm have a gradient of zero but for rounding: kernels only.
        kernels = zip(*(convs_of(self.nets[who]) for who in CONTENDERS), strict=True)
        gradients = max(_relative(a.weight.grad, b.weight.grad) for a, b in kernels)
        return _relative(*losses), gradients

    def floor(self, method: str, *arguments: Any) -> float:
        """Multiply-adds of the plain arithmetic, without our shortcuts, in seconds at full rate."""
        count = multiply_adds(lambda: getattr(self, method)(*arguments))
        return count / measured_rate(self.device)


def convs_of(net: nn.Module) -> list[nn.Conv2d]:
    return [module for module in net.modules() if isinstance(module, nn.Conv2d)]


def _relative(a: Tensor | None, b: Tensor | None) -> float:
    assert a is not None
    assert b is not None
    return ((a - b).norm() / a.norm()).item()


def _vgg19_state(path: Path | None) -> dict[str, Tensor]:
    """Weights from a file, or random ones that keep activations in range: as fast, no meaning."""
    if path is not None:
        state = torch.load(path, map_location="cpu", weights_only=True)
        return {key: value.float() for key, value in state.items()}
    state, channels, index = {}, 3, 0
    for stage in VGG_STAGES["vgg19"]:
        for width in stage:
            scale = (2 / (9 * channels)) ** 0.5
            state[f"features.{index}.weight"] = scale * torch.randn(width, channels, 3, 3)
            state[f"features.{index}.bias"] = torch.zeros(width)
            channels, index = width, index + 2
        index += 1
    return state


def serve(who: str, device: str, loss_weights: Path | None, pipe: Connection) -> None:
    """A contender's process: calls what it is asked to, answers with result, time and memory."""
    if who == "ours":
        keep_freed_memory()
    contender = Contender(who, torch.device(device), loss_weights)
    while (request := pipe.recv()) is not None:
        method, *arguments = request
        contender.seconds = 0.0
        result = getattr(contender, method)(*arguments)
        plain_result = None if isinstance(result, Tensor) else result
        pipe.send((plain_result, contender.seconds, peak_memory(contender.device)))


class Remote:
    """A contender in a process of its own."""

    def __init__(self, who: str, device: str, loss_weights: Path | None):
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        # Importing faststyle told OpenMP's threads to sleep when idle; by default they spin.
        os.environ["GOMP_SPINCOUNT"] = "0" if who == "ours" else "300000"
        self.process = context.Process(target=serve, args=(who, device, loss_weights, theirs))
        self.process.start()
        theirs.close()

    def ask(self, method: str, *arguments: Any) -> Any:
        self.pipe.send((method, *arguments))
        result, self.seconds, self.peak_bytes = self.pipe.recv()
        return result

    def close(self) -> None:
        with suppress(BrokenPipeError):
            self.pipe.send(None)
        self.process.join()


@contextmanager
def contenders(options: argparse.Namespace) -> Iterator[dict[str, Remote]]:
    pair = {who: Remote(who, options.device, options.loss_weights) for who in CONTENDERS}
    try:
        yield pair
    finally:
        for remote in pair.values():
            remote.close()


def race(pair: dict[str, Remote], repeats: int, method: str, *arguments: Any) -> dict[str, Any]:
    """Median seconds of both, taking turns; a first round warms up."""
    times: dict[str, list[float]] = {who: [] for who in pair}
    for _ in range(repeats + 1):
        for who, remote in pair.items():
            remote.ask(method, *arguments)
            times[who].append(remote.seconds)
    median = {who: statistics.median(taken[1:]) for who, taken in times.items()}
    return {**median, "ratio": median["plain"] / median["ours"]}


def race_inference(options: argparse.Namespace) -> list[dict[str, Any]]:
    rows = []
    for name, batch in itertools.product(options.sizes, options.batches):
        size = (batch, *SIZES[name])
        pixels = math.prod(size)
        repeats = max(1, min(options.repeats, MOST_PIXELS // pixels))
        try:
            with contenders(options) as pair:
                row = {"what": f"{name}, batch {batch}"} | race(pair, repeats, "stylize", size)
                difference = pair["ours"].ask("compare_stylize", (1, *SIZES[name]))
                floor = pair["plain"].ask("floor", "stylize", (1, 64, 64))
        except (EOFError, BrokenPipeError):
            print(f"| {name}, batch {batch} | no memory for both at once | | | | |", flush=True)
            continue
        row["floor"] = floor * pixels / 64**2
        row["difference"] = f"output {difference:.1e}"
        rows.append(row)
        print(_line(row), flush=True)
    return rows


def race_training(options: argparse.Namespace) -> dict[str, Any]:
    with contenders(options) as pair:
        for remote in pair.values():
            remote.ask("prepare_training")
        loss, gradient = pair["ours"].ask("compare_training")
        row: dict[str, Any] = {"what": "training step"} | race(pair, options.repeats, "train_step")
        row["floor"] = pair["plain"].ask("floor", "train_step")
        length = (CURVE_STEPS, CURVE_SIDE)
        curves = {who: remote.ask("curve", *length) for who, remote in pair.items()}
        curves["disturbed"] = pair["plain"].ask("curve", *length, DISTURBANCE)
    apart = {who: mean_distance(curves["plain"], curve) for who, curve in curves.items()}
    row["difference"] = (
        f"loss {loss:.1e}, gradient {gradient:.1e}; {CURVE_STEPS} steps {apart['ours']:.1e} "
        f"(plain with weights changed by {DISTURBANCE:.0e}: {apart['disturbed']:.1e})"
    )
    row["curves"] = curves
    row["images per second"] = {who: 4 / row[who] for who in CONTENDERS}
    print(_line(row), flush=True)
    return row


def mean_distance(first: list[float], second: list[float]) -> float:
    """Mean relative distance of two curves of losses."""
    return statistics.mean(abs(a - b) / a for a, b in zip(first, second, strict=True))


def race_from_cold(options: argparse.Namespace) -> list[dict[str, Any]]:
    """The first picture's seconds and the peak of memory, each in a fresh process."""
    rows = []
    for name in options.sizes:
        runs: dict[str, list[Remote]] = {who: [] for who in CONTENDERS}
        for _ in range(3):
            for who, found in runs.items():
                remote = Remote(who, options.device, None)
                remote.ask("stylize", (1, *SIZES[name]))
                remote.close()
                found.append(remote)
        first = {w: statistics.median(r.seconds for r in found) for w, found in runs.items()}
        peak = {w: statistics.median(r.peak_bytes for r in found) for w, found in runs.items()}
        rows.append({"what": name, "first": first, "peak_bytes": peak})
        numbers = [*first.values(), *(value / 1e9 for value in peak.values())]
        print(f"| {name} | " + " | ".join(f"{n:.2f}" for n in numbers) + " |", flush=True)
    return rows


def _line(row: dict[str, Any]) -> str:
    numbers = " | ".join(f"{row[k]:.3f}" for k in ("plain", "ours", "floor"))
    return f"| {row['what']} | {numbers} | {row['ratio']:.2f} | {row['difference']} |"


def main() -> None:
    parser = argparse.ArgumentParser(description="faststyle beside a plain implementation")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--loss-weights", type=Path, help="VGG-19's; without: random ones")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", type=Path, default=Path("benchmark.json"))
    options = parser.parse_args()
    machine = describe_machine(torch.device(options.device))
    print(f"{machine}\n\n| | plain, s | ours, s | floor, s | ratio | difference |")
    print("|---|---|---|---|---|---|", flush=True)
    report: dict[str, Any] = {"machine": machine}
    if "training" in options.parts:
        report["training"] = race_training(options)
    if "inference" in options.parts:
        report["inference"] = race_inference(options)
    if "cold" in options.parts:
        print("\n| | first, plain | first, ours | peak GB, plain | peak GB, ours |")
        print("|---|---|---|---|---|", flush=True)
        report["cold"] = race_from_cold(options)
    with atomic_write(options.output) as partial:
        partial.write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
