"""Shared material: tiny pictures, a tiny random loss network, settings that train in seconds."""

from __future__ import annotations

# isort: off
import shape_checks  # noqa: F401  (before any module of faststyle)

# isort: on
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from PIL import Image
from torch import Tensor

from faststyle.checkpoints.style_checkpoint import write_checkpoint
from faststyle.config.train import TrainConfig, parse
from faststyle.files.paths import CONF_DIR
from faststyle.infer.command import main
from faststyle.losses.architectures import VGG_STAGES
from faststyle.networks.transform_net import TransformNet

# Before any test module imports `datasets`, whose client reads these once: tests never go online
# and never touch the caches of whoever runs them.
_CACHE = tempfile.mkdtemp(prefix="faststyle-tests-")
for _key, _value in {
    "HF_HOME": f"{_CACHE}/huggingface",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TORCH_HOME": f"{_CACHE}/torch",
    # Pictures this small gain nothing from a second thread, and beside other work lose a lot.
    "OMP_NUM_THREADS": "1",
}.items():
    os.environ[_key] = _value
torch.set_num_threads(1)
CHECKOUT = Path(__file__).resolve().parents[1]
TINY_LAYERS = ("loss.content_layers=[relu2_2]", "loss.style_layers=[relu1_1,relu2_1]")

# With experiment=quickstart or restyle: everything in it, for seconds.
QUICKSTART_SHORT = (
    "trainer.max_steps=2",
    "trainer.progress_bar=false",
    "trainer.accelerator=cpu",
    "data.image_size=64",
    "data.num_images=8",
    "data.num_val_images=2",
)


def pytest_unconfigure() -> None:
    shutil.rmtree(_CACHE, ignore_errors=True)


@dataclass(frozen=True)
class Outcome:
    """What a command line left behind."""

    code: int
    out: str
    err: str


class RunCli(Protocol):
    def __call__(
        self, module: str, *arguments: object, cwd: Path | None = None, **environment: str
    ) -> Outcome: ...


def noise_picture(seed: int, width: int = 48, height: int = 40) -> Image.Image:
    """A gradient with coarse blocks: structure at more than one scale, cheap to make."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    blocks = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=float)
    levels = blocks + rng.normal(0, 12, blocks.shape)
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))


def vgg_weights(name: str, deepest_stage: int, last_stage_convs: int, seed: int) -> dict:
    """Random weights under torchvision's names; kaiming scale keeps deep features near 1."""
    generator = torch.Generator().manual_seed(seed)
    state: dict[str, Tensor] = {}
    index, channels = 0, 3
    for stage, widths in enumerate(VGG_STAGES[name][:deepest_stage], start=1):
        for number, width in enumerate(widths, start=1):
            if stage < deepest_stage or number <= last_stage_convs:
                scale = (2 / (9 * channels)) ** 0.5
                weight = torch.randn(width, channels, 3, 3, generator=generator) * scale
                state[f"features.{index}.weight"] = weight
                state[f"features.{index}.bias"] = 0.1 * torch.randn(width, generator=generator)
            channels, index = width, index + 2
        index += 1
    return state


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first four convolutions, which VGG-16 and VGG-19 have alike."""
    path = tmp_path_factory.mktemp("weights") / "vgg_to_conv2_2.pth"
    torch.save(vgg_weights("vgg19", 2, 2, seed=0), path)
    return path


@pytest.fixture(scope="session")
def painting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("painting") / "painting.png"
    noise_picture(100, 70, 50).save(path)
    return path


@pytest.fixture(scope="session")
def photo_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight photos of several shapes, named photo_0.png to photo_7.png."""
    folder = tmp_path_factory.mktemp("photos")
    for i in range(8):
        noise_picture(i, 40 + 3 * i, 60 - 2 * i).save(folder / f"photo_{i}.png")
    return folder


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m` with these arguments, in `folder`; killed if it still runs in the end."""
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def smoke(painting: Path, weights: Path, folder: Path) -> list[str]:
    """Overrides with which `train` runs two steps in about a second, inside `folder`."""
    return [
        "experiment=smoke",
        *TINY_LAYERS,
        f"style.image={painting}",
        f"loss_network.weights={weights}",
        f"runs_dir={folder / 'runs'}",
        f"checkpoint_dir={folder / 'checkpoints'}",
        "trainer.accelerator=cpu",
        "trainer.progress_bar=false",
        "trainer.yardstick=false",
    ]


def compose_config(overrides: list[str]) -> TrainConfig:
    """Settings as the command line reads and checks them."""
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        return parse(compose("train", overrides))


@pytest.fixture
def smoke_overrides(painting: Path, tiny_weights: Path, tmp_path: Path) -> list[str]:
    return smoke(painting, tiny_weights, tmp_path)


@pytest.fixture
def make_config(smoke_overrides: list[str]) -> Callable[..., TrainConfig]:
    """Smoke settings with changes."""
    return lambda *overrides: compose_config([*smoke_overrides, *overrides])


@pytest.fixture
def run_cli(tmp_path: Path) -> RunCli:
    """`python -m MODULE ARGUMENTS` in another process, in the test's own folder."""

    def run(
        module: str, *arguments: object, cwd: Path | None = None, **environment: str
    ) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=cwd or tmp_path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def train_cli(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Outcome]:
    """`python -m train ARGUMENTS` in this process: the same code, without seconds of imports."""
    from faststyle.train.command import main

    def run(*arguments: str) -> Outcome:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["train", *arguments])
        monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
        capfd.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Real weights, paintings and photos, where FASTSTYLE_REAL_DATA says."""
    folder = os.environ.get("FASTSTYLE_REAL_DATA")
    if not folder:
        pytest.skip("set FASTSTYLE_REAL_DATA to the folder with data/ and weights/")
    return Path(folder)


@pytest.fixture
def generator() -> torch.Generator:
    """Seeded randomness for tensors."""
    return torch.Generator().manual_seed(0)


# --- infer: a tiny style, two photos, the command line in this process --------------------------

TINY_NETWORK = {
    "width": 4,
    "num_residual_blocks": 1,
    "norm": "instance",
    "padding": "reflect",
    "upsample": "nearest",
    "output": "sigmoid",
}


@pytest.fixture(scope="module")
def ckpt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    net = TransformNet(**TINY_NETWORK)  # type: ignore[arg-type]
    path = tmp_path_factory.mktemp("style") / "tiny.safetensors"
    style = {"name": "tiny", "title": "A tiny painting"}
    write_checkpoint(path, net, {"network": TINY_NETWORK, "style": style})
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two photos in the current folder, with different names, sizes and formats."""
    monkeypatch.chdir(tmp_path)
    noise_picture(0, 41, 30).save("cat.jpg")
    noise_picture(1, 20, 33).save("dog.png")
    return tmp_path


@pytest.fixture
def infer(ckpt: Path, capfd: pytest.CaptureFixture[str]):
    def run(*arguments: str, ckpt: Path | str = ckpt) -> Outcome:
        capfd.readouterr()
        try:
            code = main(["--ckpt", str(ckpt), "--device", "cpu", *arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


def written(folder: Path) -> dict[str, tuple[int, int]]:
    """Name and size of every picture under a folder."""
    found = {}
    for path in sorted(folder.rglob("*.*")):
        with Image.open(path) as image:
            found[path.relative_to(folder).as_posix()] = image.size
    return found


def one_line(outcome: Outcome) -> str:
    assert outcome.code == 2
    assert outcome.err.startswith("infer: ")
    assert outcome.err.count("\n") == 1
    assert "Traceback" not in outcome.err
    return outcome.err
