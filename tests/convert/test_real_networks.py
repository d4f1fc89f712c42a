"""Published networks of other projects give the same pictures here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from faststyle.images.read import load_image
from faststyle.images.tensors import to_tensor
from tests.support.commands import Outcome
from tests.support.peers import examples_picture, lengstrom_picture, painted, read_variables

Run = Callable[..., Outcome]


REAL = {
    "pytorch_examples": [
        f"pytorch_examples_nc/{name}_b1_e2_1e05_1e10.model"
        for name in ("candy_nc16", "mosaic_nc16", "mosaic_nc8")
    ],
    "lengstrom": ["lengstrom/la_muse", "lengstrom/wave"],
}


@pytest.mark.real
@pytest.mark.parametrize(("kind", "name"), [(k, name) for k in REAL for name in REAL[k]])
def test_real_networks(run: Run, real_data: Path, kind: str, name: str) -> None:
    file = real_data / "peers" / name
    assert run(file).code == 0
    photos = to_tensor(load_image(real_data / "data/content/amber.jpg"))[..., :500, :500]
    with torch.no_grad():
        if kind == "pytorch_examples":
            expected = examples_picture(torch.load(file, weights_only=True), photos)
        else:
            expected = lengstrom_picture(read_variables(file), photos)
    difference = painted(Path("checkpoints/theirs.safetensors"), photos) - expected
    print(f"{name}: largest difference {difference.abs().max():.1e}")
    assert difference.abs().max() < 0.1 / 255
