"""Distilling the compact loss network and measuring it, in seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.support.networks import vgg_weights

STYLE_LAYERS = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
LAYERS = [*STYLE_LAYERS, "relu4_2"]


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("teacher") / "vgg19.pth"
    state = vgg_weights("vgg19", 5, 1, seed=0)
    torch.save({key: value.half() for key, value in state.items()}, path)
    return path


@pytest.fixture
def run_script(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`python -m scripts.distillation.NAME ARGUMENTS` in this process."""

    def run(name: str, *arguments: object) -> None:
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        import_module(f"scripts.distillation.{name}").main()

    return run


def test_distillation_and_its_measurement_end_to_end(
    run_script: Callable[..., None],
    teacher: Path,
    photo_dir: Path,
    painting: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Two steps on drawn pictures and a random teacher: the same file for the same seed."""
    given = ("--teacher", teacher, "--photos", photo_dir, "--style-images", painting, "--size", 32)
    files = [tmp_path / "1.safetensors", tmp_path / "2.safetensors"]
    for file in files:
        run_script(
            "distill", *given, "--output", file, "--steps", 2, "--pool", 3,
            "--batch-size", 2, "--start-pictures", 16,
        )  # fmt: skip
    ours, again = map(load_file, files)
    assert all(torch.equal(ours[key], again[key]) for key in ours)
    assert all(value.isfinite().all() for value in ours.values())
    # Whatever the random teacher says, the least-squares start imitates its first layer.
    capsys.readouterr()
    run_script("measure", *given, "--fit-photos", photo_dir, "--weights", files[0])
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()]
    errors = {row[0].strip("| "): float(row[1]) for row in rows if row[0].strip("| ") in LAYERS}
    assert set(errors) == set(LAYERS)
    assert errors["relu1_1"] < 0.2
