"""The ONNX graph gives the pictures that `Stylizer` gives, for every network, size and strength."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from faststyle.rendering.stylizer import Stylizer
from tests.export.conftest import Pictures, checkpoint_of

Exported = Callable[..., Pictures]
TOLERANCE = 0.05 / 255
# Below and above the border of 32 and the least size, each remainder of 4, both ways round.
SIZES = [(1, 9), (6, 2), (8, 8), (3, 40), (33, 31), (34, 65), (37, 5), (44, 63), (96, 70)]


def photos(height: int, width: int, batch: int = 1, seed: int = 0) -> Tensor:
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("norm", ["instance", "batch"])
@pytest.mark.parametrize(
    ("padding", "upsample"),
    [(p, u) for p in ("reflect", "zero", "same") for u in ("nearest", "transposed")],
)
def test_every_network_at_every_kind_of_size(
    norm: str, padding: str, upsample: str, exported: Exported
) -> None:
    checkpoint = checkpoint_of(norm=norm, padding=padding, upsample=upsample)
    stylized, stylizer = exported(checkpoint), Stylizer(checkpoint, "cpu")
    for size in SIZES:
        expected = stylizer(photos(*size), grain=0)
        torch.testing.assert_close(stylized(photos(*size)), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("output", ["sigmoid", "tanh", "normed_tanh", "linear"])
@pytest.mark.parametrize("num_residual_blocks", [0, 2])
def test_every_output_is_in_range(
    output: str, num_residual_blocks: int, exported: Exported
) -> None:
    checkpoint = checkpoint_of(
        output=output, padding="same", num_residual_blocks=num_residual_blocks
    )
    given = photos(45, 38)
    stylized = exported(checkpoint)(given)
    assert stylized.min() >= 0
    assert stylized.max() <= 1
    expected = Stylizer(checkpoint, "cpu")(given, grain=0)
    assert expected.std() > 0.01
    torch.testing.assert_close(stylized, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("photo_end", [True, False], ids=["photo end", "pixels alone"])
@pytest.mark.parametrize("strength", [0.0, 0.4, 1.0])
def test_strength_is_in_the_file(photo_end: bool, strength: float, exported: Exported) -> None:
    checkpoint = checkpoint_of(photo_end=photo_end)
    given = photos(41, 50)
    expected = Stylizer(checkpoint, "cpu")(given, strength, grain=0)
    torch.testing.assert_close(
        exported(checkpoint, strength)(given), expected, rtol=0, atol=TOLERANCE
    )
    if strength == 0:
        torch.testing.assert_close(expected, given, rtol=0, atol=TOLERANCE)


def test_each_picture_of_a_batch_comes_out_as_it_would_alone(exported: Exported) -> None:
    stylized = exported(checkpoint_of())
    batch = photos(30, 43, batch=3)
    alone = torch.cat([stylized(picture[None]) for picture in batch])
    torch.testing.assert_close(stylized(batch), alone, rtol=0, atol=1e-6)


def test_nothing_of_the_graph_depends_on_the_version_of_torch(exported: Exported) -> None:
    from faststyle.export.onnx_file import style_model

    model = style_model(checkpoint_of(photo_end=True), 0.5)
    assert {opset.version for opset in model.opset_import} == {17}
    inputs, outputs = model.graph.input, model.graph.output
    for (value,), name in ((inputs, "photo"), (outputs, "stylized")):
        assert value.name == name
        dims = [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        assert dims == ["batch", 3, "height", "width"]
    weights = {constant.name for constant in model.graph.initializer}
    assert checkpoint_of().state_dict.keys() <= weights
    same = style_model(checkpoint_of(photo_end=True), 0.5)
    assert model.SerializeToString(deterministic=True) == same.SerializeToString(deterministic=True)
