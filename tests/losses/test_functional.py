"""Every formula against values worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from faststyle.losses.functional import FORMULAS, gram, relative_error, total_variation

ALL = sorted(FORMULAS)


def test_gram_of_ones_is_one_over_channels() -> None:
    # Each entry is H W / (C H W).
    assert torch.equal(gram(torch.ones(2, 4, 3, 5)), torch.full((2, 4, 4), 0.25))


def test_gram_of_a_hand_matrix() -> None:
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])  # 2 channels, 1 x 2 positions
    expected = torch.tensor([[[5.0, 11.0], [11.0, 25.0]]]) / 4
    assert torch.equal(gram(features), expected)


def test_gram_forgets_where_things_are(generator: torch.Generator) -> None:
    features = torch.randn(2, 5, 6, 7, generator=generator)
    shuffled = features.flatten(2)[..., torch.randperm(42, generator=generator)].view_as(features)
    torch.testing.assert_close(gram(shuffled), gram(features))


def test_gram_does_not_depend_on_the_size(generator: torch.Generator) -> None:
    features = torch.randn(1, 5, 4, 6, generator=generator)
    torch.testing.assert_close(gram(features.repeat(1, 1, 3, 2)), gram(features))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_gram_of_half_precision_features_is_float32_and_finite(dtype: torch.dtype) -> None:
    # 300^2 alone is above float16's largest number.
    features = torch.full((1, 2, 8, 8), 300.0, dtype=dtype)
    grams = gram(features)
    assert grams.dtype == torch.float32
    torch.testing.assert_close(grams, torch.full((1, 2, 2), 300.0**2 / 2))


def test_gram_under_autocast_stays_float32(generator: torch.Generator) -> None:
    features = torch.randn(1, 8, 16, 16, generator=generator)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = gram(features)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, gram(features))


def test_total_variation_of_a_constant_is_zero() -> None:
    assert total_variation(torch.full((2, 3, 5, 4), 0.7)) == 0


def test_total_variation_of_a_checkerboard_is_two() -> None:
    # Every neighbor differs by 1, downwards and across.
    y, x = torch.meshgrid(torch.arange(6), torch.arange(7), indexing="ij")
    board = ((x + y) % 2).float().expand(2, 3, 6, 7)
    assert total_variation(board) == 2


def test_total_variation_of_a_ramp() -> None:
    ramp = (torch.arange(5) * 0.25).expand(1, 3, 4, 5)
    torch.testing.assert_close(total_variation(ramp), torch.tensor(0.25**2))


def test_relative_error_is_zero_at_the_target_and_one_for_nothing(
    generator: torch.Generator,
) -> None:
    target = torch.randn(2, 3, 4, 4, generator=generator)
    assert relative_error(target, target) == 0
    torch.testing.assert_close(relative_error(torch.zeros_like(target), target), torch.tensor(1.0))


def test_relative_error_does_not_depend_on_the_scale(generator: torch.Generator) -> None:
    values, target = torch.randn(2, 2, 3, 4, 4, generator=generator)
    torch.testing.assert_close(
        relative_error(57 * values, 57 * target), relative_error(values, target)
    )


def test_relative_error_is_a_mean_over_pictures_each_against_its_own() -> None:
    target = torch.tensor([[2.0, 0.0], [0.0, 10.0]])
    values = torch.tensor([[1.0, 0.0], [0.0, 10.0]])
    assert relative_error(values, target) == 0.125  # (1/4 + 0) / 2


@pytest.mark.parametrize("formula", ALL)
def test_formulas_are_zero_at_the_target(formula: str, generator: torch.Generator) -> None:
    features = torch.randn(2, 3, 4, 4, generator=generator)
    flat = torch.full((2, 3, 4, 4), 0.25)
    assert FORMULAS[formula].content(features, features) == 0
    assert FORMULAS[formula].style(gram(features), gram(features)) == 0
    assert FORMULAS[formula].total_variation(flat) == 0


# Features 1 2 3 4 of one channel against 2 2 2 2: squared differences sum to 1 + 0 + 1 + 4 = 6.
# F F^T is 30 against 16; (30 - 16)^2 = 196, and (30/4 - 16/4)^2 = 12.25.
# A 2 x 2 picture, levels 0 3 over 4 0 in each of 3 channels: 4^2 + 3^2 downwards, the same across.
BY_HAND = {
    "relative": (6 / 16, 196 / 256, (75 / 6 + 75 / 6) / 255**2),
    "gatys2016": (6 / 2, 196 / (4 * 1**2 * 4**2), None),
    "johnson2016": (6 / 4, 12.25, (75 + 75) / 2),
    "pytorch_examples": (6 / 4, 12.25, None),
    "engstrom2016": (6 / 4, 12.25, 2 * (75 / 2 / 6 + 75 / 2 / 6)),
}


@pytest.mark.parametrize("formula", ALL)
def test_formulas_by_hand(formula: str) -> None:
    content, style, tv = BY_HAND[formula]
    features = torch.tensor([1.0, 2.0, 3.0, 4.0]).view(1, 1, 2, 2)
    target = torch.full((1, 1, 2, 2), 2.0)
    assert FORMULAS[formula].content(features, target).item() == pytest.approx(content)
    assert FORMULAS[formula].style(gram(features), gram(target)).item() == pytest.approx(style)
    if tv is not None:  # the other two papers have no such term; their weight is 0
        picture = (torch.tensor([[0.0, 3.0], [4.0, 0.0]]) / 255).expand(1, 3, 2, 2)
        assert FORMULAS[formula].total_variation(picture).item() == pytest.approx(tv)


@pytest.mark.parametrize("formula", ALL)
def test_formulas_over_a_batch_of_twins(formula: str, generator: torch.Generator) -> None:
    """A mean over pictures, but Johnson's code sums its total variation over the batch."""
    features, target = torch.randn(2, 1, 3, 4, 4, generator=generator)
    pictures = torch.rand(1, 3, 4, 4, generator=generator)

    def twice(x: Tensor) -> Tensor:
        return torch.cat([x, x])

    f = FORMULAS[formula]
    torch.testing.assert_close(
        f.content(twice(features), twice(target)), f.content(features, target)
    )
    torch.testing.assert_close(
        f.style(gram(twice(features)), gram(target)), f.style(gram(features), gram(target))
    )
    factor = 2 if formula == "johnson2016" else 1
    torch.testing.assert_close(
        f.total_variation(twice(pictures)), factor * f.total_variation(pictures)
    )


@pytest.mark.parametrize("formula", ALL)
def test_gradients_of_every_formula(formula: str, generator: torch.Generator) -> None:
    features, target = torch.randn(2, 2, 3, 4, 4, generator=generator, dtype=torch.float64)
    f = FORMULAS[formula]
    functions: list[Callable[[Tensor], Tensor]] = [
        lambda x: f.content(x, target),
        lambda x: f.style(gram(x), gram(target)),
        lambda x: f.total_variation(x),
    ]
    for function in functions:
        assert torch.autograd.gradcheck(function, features.clone().requires_grad_())


def test_shapes_that_do_not_match_are_an_error() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        FORMULAS["johnson2016"].content(torch.ones(1, 3, 4, 4), torch.ones(1, 3, 5, 5))
