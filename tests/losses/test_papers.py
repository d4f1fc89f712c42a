"""The whole loss of every preset against numpy written from the papers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from numpy.typing import NDArray
from torch import Tensor

from faststyle.files.paths import CONF_DIR
from faststyle.losses.functional import FORMULAS
from faststyle.losses.loss_network import LossNetwork
from tests.support.networks import tiny_loss, vgg_weights
from tests.support.pictures import noise_batch

Array = NDArray[np.float64]
ALL = sorted(FORMULAS)


def np_gram(f: Array) -> Array:
    """F F^T, not normalized, of (C, H, W)."""
    flat = f.reshape(f.shape[0], -1)
    return flat @ flat.T


def np_normalized_gram(f: Array) -> Array:
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
            lambda f, s: float(((np_normalized_gram(f) - np_normalized_gram(s)) ** 2).mean()), layer
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
                lambda f, s: error(np_normalized_gram(f), np_normalized_gram(s)), k
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
            # The paper's style image and picture have one size; else A is as of a picture of m.
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


@pytest.mark.parametrize("formula", ALL)
def test_presets_equal_the_papers(formula: str, deep_networks: dict[str, LossNetwork]) -> None:
    """Settings of conf/loss, a batch of two, a style image of another size than the photos."""
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("train", [f"loss={formula}"])
    loss, name = config.loss, config.loss_network.name
    if formula in PAPER_WEIGHTS:
        weights = (loss.content_weight, loss.style_weight, loss.tv_weight)
        assert weights == PAPER_WEIGHTS[formula]
    content, style = list(loss.content_layers), list(loss.style_layers)
    network = deep_networks[name]
    photos, stylized = noise_batch(32, 1, 2), noise_batch(32, 3, 4)
    style_image = noise_batch(48, 5)
    arguments = {k: getattr(loss, k) for k in ("content_weight", "style_weight", "tv_weight")}
    perceptual = tiny_loss(
        network,
        loss.formula,
        **arguments,
        content_layers=content,
        style_layers=style,
        style_image=style_image,
    )
    got = perceptual(stylized, perceptual.content_targets(photos))

    def features(images: Tensor) -> dict[str, Array]:
        return {k: v.double().numpy() for k, v in network(images, {*content, *style}).items()}

    paper = PaperLosses(features(stylized), features(photos), features(style_image))
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
