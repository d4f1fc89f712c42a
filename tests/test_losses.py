"""Every formula against numbers worked out apart from it: by hand, and in numpy from the papers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from conftest import noise_picture, vgg_weights
from hydra import compose, initialize_config_dir
from numpy.typing import NDArray
from torch import Tensor

from faststyle.errors import UserError
from faststyle.files.paths import CONF_DIR
from faststyle.images.tensors import to_tensor
from faststyle.losses.functional import (
    FORMULAS,
    gram,
    relative_error,
    total_variation,
)
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.perceptual_loss import PerceptualLoss

Array = NDArray[np.float64]
ALL = sorted(FORMULAS)


# --- pieces, against values worked out by hand ------------------------------------------------


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
    # Every neighbour differs by 1, downwards and across.
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


# --- the whole loss, against numpy written from the papers ------------------------------------


def np_gram(f: Array) -> Array:
    """F F^T, not normalised, of (C, H, W)."""
    flat = f.reshape(f.shape[0], -1)
    return flat @ flat.T


def np_normalised_gram(f: Array) -> Array:
    return np_gram(f) / f.size


def np_differences(y: Array) -> tuple[Array, Array]:
    return y[:, :, 1:] - y[:, :, :-1], y[:, :, :, 1:] - y[:, :, :, :-1]


class PaperLosses:
    """Features (layer -> (N, C, H, W)) and pictures to content, style by layer, style, tv."""

    def __init__(self, y: dict[str, Array], x: dict[str, Array], s: dict[str, Array]):
        self.y, self.x, self.s = y, x, s

    def per_picture_mean(self, term: Callable[[Array, Array], float], layer: str) -> float:
        return float(np.mean([term(fy, self.s[layer][0]) for fy in self.y[layer]]))

    def mean_gram_error(self, layer: str) -> float:
        return self.per_picture_mean(
            lambda f, s: float(((np_normalised_gram(f) - np_normalised_gram(s)) ** 2).mean()), layer
        )

    def mean_content_error(self, layers: list[str]) -> float:
        return sum(float(((self.y[k] - self.x[k]) ** 2).mean()) for k in layers)

    def relative(self, content: list[str], style: list[str], pictures: Array):
        """Relative errors, |a - b|^2 / |b|^2, averaged over pictures and over layers."""

        def error(a: Array, b: Array) -> float:
            return float(((a - b) ** 2).sum() / (b**2).sum())

        contents = [
            np.mean([error(*p) for p in zip(self.y[k], self.x[k], strict=True)]) for k in content
        ]
        styles = {
            k: self.per_picture_mean(
                lambda f, s: error(np_normalised_gram(f), np_normalised_gram(s)), k
            )
            for k in style
        }
        down, across = np_differences(pictures)
        return (
            np.mean(contents),
            styles,
            np.mean(list(styles.values())),
            ((down**2).mean() + (across**2).mean()),
        )

    def gatys2016(self, content: list[str], style: list[str], pictures: Array):
        """Equations 1, 4 and 5: 1/2 sum (F - P)^2; sum_l w_l E_l, w_l = 1/5; no smoothness term."""

        def e_l(f: Array, s: Array) -> float:
            n, m = f.shape[0], f.shape[1] * f.shape[2]
            # The paper's painting and picture have one size; else A is as of a picture of m.
            a = np_gram(s) * m / (s.shape[1] * s.shape[2])
            return float(((np_gram(f) - a) ** 2).sum() / (4 * n**2 * m**2))

        (layer,) = content
        half_sum = 0.5 * ((self.y[layer] - self.x[layer]) ** 2).sum(axis=(1, 2, 3))
        styles = {k: self.per_picture_mean(e_l, k) for k in style}
        return half_sum.mean(), styles, sum(0.2 * v for v in styles.values()), None

    def johnson2016(self, content: list[str], style: list[str], pictures: Array):
        """Mean squared errors summed over layers; the smoothness of 0-255 pixels summed, halved."""
        styles = {k: self.mean_gram_error(k) for k in style}
        down, across = np_differences(255 * pictures)
        tv = 0.5 * ((down**2).sum() + (across**2).sum())
        return self.mean_content_error(content), styles, sum(styles.values()), tv

    def pytorch_examples(self, content: list[str], style: list[str], pictures: Array):
        """Mean squared errors summed over layers; no smoothness term."""
        styles = {k: self.mean_gram_error(k) for k in style}
        return self.mean_content_error(content), styles, sum(styles.values()), None

    def engstrom2016(self, content: list[str], style: list[str], pictures: Array):
        """The same, and 2 (l2(dx) / n_x + l2(dy) / n_y) / N; l2 is half the sum of squares."""
        styles = {k: self.mean_gram_error(k) for k in style}
        down, across = np_differences(255 * pictures)
        n_y, n_x = down[0].size, across[0].size
        tv = 2 * (0.5 * (across**2).sum() / n_x + 0.5 * (down**2).sum() / n_y) / len(pictures)
        return self.mean_content_error(content), styles, sum(styles.values()), tv


# content, style and tv weight as the papers and their code have them.
PAPER_WEIGHTS = {
    "gatys2016": (1.0, 1000.0, 0.0),
    "johnson2016": (1.0, 5.0, 1e-6),
    "pytorch_examples": (1e5, 1e10, 0.0),
    "engstrom2016": (7.5, 100.0, 200.0),
}
DEEP = {"vgg19": ("relu5_1", 5, 1), "vgg16": ("relu4_3", 4, 3)}


@pytest.fixture(scope="module")
def deep_networks() -> dict[str, LossNetwork]:
    """Random VGGs that reach every layer the papers use."""
    return {
        name: LossNetwork(
            name, [deepest], pooling="max", state_dict=vgg_weights(name, *where, seed=1)
        )
        for name, (deepest, *where) in DEEP.items()
    }


def pictures(size: int, *seeds: int) -> Tensor:
    return torch.cat([to_tensor(noise_picture(seed, size, size)) for seed in seeds])


@pytest.mark.parametrize("formula", ALL)
def test_presets_equal_the_papers(formula: str, deep_networks: dict[str, LossNetwork]) -> None:
    """Settings of conf/loss, a batch of two, a painting of another size than the photos."""
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("train", [f"loss={formula}"])
    loss, name = config.loss, config.loss_network.name
    if formula in PAPER_WEIGHTS:
        weights = (loss.content_weight, loss.style_weight, loss.tv_weight)
        assert weights == PAPER_WEIGHTS[formula]
    content, style = list(loss.content_layers), list(loss.style_layers)
    network = deep_networks[name]
    photos, stylized = pictures(32, 1, 2), pictures(32, 3, 4)
    painting = pictures(48, 5)
    arguments = {k: getattr(loss, k) for k in ("content_weight", "style_weight", "tv_weight")}
    perceptual = PerceptualLoss(
        network,
        formula=loss.formula,
        **arguments,
        content_layers=content,
        style_layers=style,
        style_image=painting,
    )
    got = perceptual(stylized, perceptual.content_targets(photos))

    def features(images: Tensor) -> dict[str, Array]:
        return {k: v.double().numpy() for k, v in network(images, {*content, *style}).items()}

    paper = PaperLosses(features(stylized), features(photos), features(painting))
    c, by_layer, s, tv = getattr(paper, formula)(content, style, stylized.double().numpy())
    close = partial(pytest.approx, rel=2e-5)
    assert got["content_loss"].item() == close(c)
    for layer in style:
        assert got[f"style_loss/{layer}"].item() == close(by_layer[layer])
    assert got["style_loss"].item() == close(s)
    if tv is not None:
        assert got["tv_loss"].item() == close(tv)
    weighted = loss.content_weight * c + loss.style_weight * s + loss.tv_weight * (tv or 0.0)
    assert got["total_loss"].item() == close(weighted)


# --- PerceptualLoss ---------------------------------------------------------------------------


@pytest.fixture
def perceptual_loss() -> PerceptualLoss:
    network = LossNetwork(
        "vgg19", ["relu2_2"], pooling="max", state_dict=vgg_weights("vgg19", 2, 2, seed=0)
    )
    return PerceptualLoss(
        network,
        formula="relative",
        content_weight=2.0,
        style_weight=3.0,
        tv_weight=0.5,
        content_layers=["relu2_2"],
        style_layers=["relu1_1", "relu2_1"],
        style_image=pictures(24, 7),
    )


def test_terms_are_named_and_sum_to_the_total(perceptual_loss: PerceptualLoss) -> None:
    photos = pictures(16, 1, 2)
    terms = perceptual_loss(photos.flip(-1), perceptual_loss.content_targets(photos))
    assert set(terms) == {
        "total_loss",
        "content_loss",
        "style_loss",
        "tv_loss",
        "style_loss/relu1_1",
        "style_loss/relu2_1",
    }
    torch.testing.assert_close(
        terms["total_loss"],
        2 * terms["content_loss"] + 3 * terms["style_loss"] + 0.5 * terms["tv_loss"],
    )
    torch.testing.assert_close(
        terms["style_loss"], (terms["style_loss/relu1_1"] + terms["style_loss/relu2_1"]) / 2
    )


def test_the_photo_itself_has_no_content_loss_and_the_painting_no_style_loss(
    perceptual_loss: PerceptualLoss,
) -> None:
    photo, painting = pictures(16, 1), pictures(24, 7)
    same_photo = perceptual_loss(photo, perceptual_loss.content_targets(photo))
    assert same_photo["content_loss"] == 0
    assert same_photo["style_loss"] > 0.01
    same_painting = perceptual_loss(painting, perceptual_loss.content_targets(painting))
    assert same_painting["style_loss"] == pytest.approx(0, abs=1e-9)


def test_the_loss_reaches_the_picture_and_nothing_else(perceptual_loss: PerceptualLoss) -> None:
    photo = pictures(16, 1)
    targets = perceptual_loss.content_targets(photo)
    assert not any(target.requires_grad for target in targets.values())
    stylized = pictures(16, 2).requires_grad_()
    perceptual_loss(stylized, targets)["total_loss"].backward()
    assert stylized.grad is not None
    assert stylized.grad.abs().sum() > 0
    assert list(perceptual_loss.parameters()) == []
    assert perceptual_loss.state_dict() == {}


def test_unknown_formula_names_the_closest(perceptual_loss: PerceptualLoss) -> None:
    with pytest.raises(UserError, match=r"loss\.formula: 'jonson2016'.*mean 'johnson2016'"):
        PerceptualLoss(
            perceptual_loss.loss_network,
            formula="jonson2016",
            content_weight=1.0,
            style_weight=1.0,
            tv_weight=0.0,
            content_layers=["relu1_1"],
            style_layers=["relu1_1"],
            style_image=pictures(16, 1),
        )
