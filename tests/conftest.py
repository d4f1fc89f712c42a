"""Fixtures that several rooms share, and an environment without a network."""

from __future__ import annotations

# isort: off
import tests.support.shape_checks  # noqa: F401  (before any module of faststyle)

# isort: on
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from faststyle.checkpoints.style_checkpoint import write_checkpoint
from faststyle.config.train import TrainConfig
from faststyle.losses.loss_network import LossNetwork
from tests.support.commands import Outcome, RunCli, in_process
from tests.support.networks import TINY_NETWORK, tiny_net, vgg_weights
from tests.support.pictures import noise_picture
from tests.support.runs import compose_config, smoke

# Before any test module imports `datasets`, whose client reads these once: tests never go online
# and never touch the caches of whoever runs them.
_CACHE = tempfile.mkdtemp(prefix="faststyle-tests-")
for _key, _value in {
    "HF_HOME": f"{_CACHE}/huggingface",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TORCH_HOME": f"{_CACHE}/torch",
    # Pictures this small gain nothing from a second thread, and beside other work lose a lot.
    "OMP_NUM_THREADS": (_THREADS := os.environ.get("FASTSTYLE_TEST_THREADS", "1")),
}.items():
    os.environ[_key] = _value
torch.set_num_threads(int(_THREADS))

# A shell that starts the tests in the background has them and their children ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure() -> None:
    shutil.rmtree(_CACHE, ignore_errors=True)


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first four convolutions, which VGG-16 and VGG-19 have alike."""
    path = tmp_path_factory.mktemp("weights") / "vgg_to_conv2_2.pth"
    torch.save(vgg_weights("vgg19", 2, 2, seed=0), path)
    return path


@pytest.fixture(scope="session")
def painting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A style image."""
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


@pytest.fixture
def smoke_overrides(painting: Path, tiny_weights: Path, tmp_path: Path) -> list[str]:
    return smoke(painting, tiny_weights, tmp_path)


@pytest.fixture
def make_config(smoke_overrides: list[str]) -> Callable[..., TrainConfig]:
    """Smoke settings with changes."""
    return lambda *overrides: compose_config(*smoke_overrides, *overrides)


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
        return Outcome(module.rpartition(".")[2], done.returncode, done.stdout, done.stderr)

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
        return in_process("train", main, capfd)

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


@pytest.fixture(scope="module")
def ckpt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a tiny style."""
    path = tmp_path_factory.mktemp("style") / "tiny.safetensors"
    style = {"name": "tiny", "title": "A tiny painting"}
    write_checkpoint(path, tiny_net(), {"network": TINY_NETWORK, "style": style})
    return path


@pytest.fixture(scope="session")
def loss_network() -> LossNetwork:
    """The first stages of a VGG-19 with random weights."""
    return LossNetwork(
        "vgg19",
        ["relu1_1", "relu2_1", "relu2_2"],
        pooling="max",
        state_dict=vgg_weights("vgg19", 2, 2, seed=0),
    )
