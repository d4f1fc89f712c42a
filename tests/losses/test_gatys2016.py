"""Gatys et al. 2016, equations 1 to 7 and their gradients, against numpy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from faststyle.images.tensors import to_tensor
from faststyle.losses.functional import FORMULAS, gram
from faststyle.losses.loss_network import LossNetwork
from tests.support.networks import tiny_loss, vgg_weights
from tests.support.pictures import noise_picture

Array = NDArray[np.float64]


def gatys_content_and_gradient(f: Array, p: Array) -> tuple[float, Array]:
    """Equations 1 and 2; F and P are N_l maps of M_l positions."""
    return 0.5 * ((f - p) ** 2).sum(), f - p


def gatys_layer_and_gradient(f: Array, a: Array) -> tuple[float, Array]:
    """Equations 3, 4 and 6: E_l and its derivative by F."""
    n, m = f.shape
    difference = f @ f.T - a
    return (difference**2).sum() / (4 * n**2 * m**2), difference @ f / (n**2 * m**2)


def features_of(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(1, *shape, generator=generator, dtype=torch.float64)


def as_matrix(features: Tensor) -> Array:
    return features.detach()[0].flatten(1).numpy()


def test_gatys_content_and_its_gradient_by_the_features(generator: torch.Generator) -> None:
    f = features_of(generator, 4, 5, 3).float().requires_grad_()
    p = features_of(generator, 4, 5, 3).float()
    value = FORMULAS["gatys2016"].content(f, p)
    value.backward()
    expected, gradient = gatys_content_and_gradient(as_matrix(f), as_matrix(p))
    assert float(value.detach()) == pytest.approx(expected, rel=1e-5)
    assert f.grad is not None
    np.testing.assert_allclose(as_matrix(f.grad), gradient, rtol=1e-5)


def test_gatys_style_and_its_gradient_by_the_features(generator: torch.Generator) -> None:
    f = features_of(generator, 4, 5, 3).requires_grad_()
    s = features_of(generator, 4, 5, 3)
    value = FORMULAS["gatys2016"].style(gram(f), gram(s))
    value.backward()
    a = as_matrix(s) @ as_matrix(s).T
    expected, gradient = gatys_layer_and_gradient(as_matrix(f), a)
    assert float(value.detach()) == pytest.approx(expected, rel=1e-12)
    assert f.grad is not None
    np.testing.assert_allclose(as_matrix(f.grad), gradient, rtol=1e-10)


class NumpyVgg:
    """conv1_1, relu1_1, conv1_2 of a VGG in float64, forward and backward, from its weights."""

    def __init__(self, state: dict[str, Tensor]):
        self.w1, self.b1, self.w2, self.b2 = (
            state[f"features.{i}.{part}"].double().numpy()
            for i in (0, 2)
            for part in ("weight", "bias")
        )
        self.mean = np.array([0.485, 0.456, 0.406]).reshape(3, 1, 1)
        self.std = np.array([0.229, 0.224, 0.225]).reshape(3, 1, 1)

    @staticmethod
    def convolve(x: Array, w: Array) -> Array:
        h, width = x.shape[1:]
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
        out = np.zeros((len(w), h, width))
        for i, j in itertools.product(range(3), range(3)):
            window = padded[:, i : i + h, j : j + width]
            out += np.einsum("oc,chw->ohw", w[:, :, i, j], window)
        return out

    def backward(self, gradient: Array, w: Array) -> Array:
        return self.convolve(gradient, w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3))

    def forward(self, picture: Array) -> tuple[Array, Array]:
        x = (picture - self.mean) / self.std
        conv1 = self.convolve(x, self.w1) + self.b1[:, None, None]
        conv2 = self.convolve(np.maximum(conv1, 0), self.w2) + self.b2[:, None, None]
        return conv1, conv2

    def loss_and_gradient(
        self, y: Array, photo: Array, style_image: Array, alpha: float, beta: float
    ) -> tuple[float, Array]:
        """Equation 7 and its gradient by the pixels: content conv1_2, style conv1_1, conv1_2."""

        def flat(features: Array) -> Array:
            return features.reshape(len(features), -1)

        conv1, conv2 = self.forward(y)
        style1, style2 = (flat(f) @ flat(f).T for f in self.forward(style_image))
        content, by_content = gatys_content_and_gradient(flat(conv2), flat(self.forward(photo)[1]))
        e1, by_style1 = gatys_layer_and_gradient(flat(conv1), style1)
        e2, by_style2 = gatys_layer_and_gradient(flat(conv2), style2)
        by_conv2 = alpha * by_content + beta / 2 * by_style2
        by_relu1 = self.backward(by_conv2.reshape(conv2.shape), self.w2)
        by_conv1 = by_relu1 * (conv1 > 0) + beta / 2 * by_style1.reshape(conv1.shape)
        gradient = self.backward(by_conv1, self.w1) / self.std
        return alpha * content + beta * (e1 + e2) / 2, gradient


def test_gatys_total_and_its_gradient_by_the_pixels() -> None:
    state = vgg_weights("vgg19", 1, 2, seed=3)
    loss_network = LossNetwork(
        "vgg19", ["conv1_1", "conv1_2"], pooling="max", state_dict=state
    ).double()
    y, photo, style_image = (
        to_tensor(noise_picture(seed, 12, 10)).double().requires_grad_(seed == 0)
        for seed in range(3)
    )
    perceptual_loss = tiny_loss(
        loss_network,
        "gatys2016",
        style_weight=1000.0,
        tv_weight=0.0,
        content_layers=["conv1_2"],
        style_layers=["conv1_1", "conv1_2"],
        style_image=style_image,
    )
    total = perceptual_loss(y, perceptual_loss.content_targets(photo))["total_loss"]
    total.backward()
    expected, gradient = NumpyVgg(state).loss_and_gradient(
        *(picture.detach()[0].numpy() for picture in (y, photo, style_image)),
        alpha=1.0,
        beta=1000.0,
    )
    # The content term is worked out in float32 whatever is given.
    assert float(total.detach()) == pytest.approx(expected, rel=1e-5)
    assert y.grad is not None
    np.testing.assert_allclose(y.grad[0].numpy(), gradient, rtol=1e-3, atol=1e-4 * gradient.std())
