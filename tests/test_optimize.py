"""Pixels optimised directly: the seed paper's numbers, the engine, the command line."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import TINY_LAYERS, Outcome, noise_picture, started, vgg_weights
from hydra import compose, initialize_config_dir
from numpy.typing import NDArray
from torch import Tensor

from faststyle.config.optimize import OptimizeConfig
from faststyle.config.parsing import parse_as
from faststyle.errors import UserError
from faststyle.files.paths import CONF_DIR
from faststyle.images.color import LUMINANCE, keep_color
from faststyle.images.read import load_image
from faststyle.images.tensors import to_tensor
from faststyle.losses.functional import FORMULAS, gram
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.optimize.command import main
from faststyle.optimize.memory import check_fits, peak_bytes
from faststyle.optimize.multiscale import scales
from faststyle.optimize.pixels import Iterate, optimize_pixels

Array = NDArray[np.float64]

# --- Gatys et al. 2016, equations 1 to 7, in numpy --------------------------------------------


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
        self, y: Array, photo: Array, painting: Array, alpha: float, beta: float
    ) -> tuple[float, Array]:
        """Equation 7 and its gradient by the pixels: content conv1_2, style conv1_1, conv1_2."""

        def flat(features: Array) -> Array:
            return features.reshape(len(features), -1)

        conv1, conv2 = self.forward(y)
        style1, style2 = (flat(f) @ flat(f).T for f in self.forward(painting))
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
    y, photo, painting = (
        to_tensor(noise_picture(seed, 12, 10)).double().requires_grad_(seed == 0)
        for seed in range(3)
    )
    perceptual_loss = PerceptualLoss(
        loss_network,
        formula="gatys2016",
        content_weight=1.0,
        style_weight=1000.0,
        tv_weight=0.0,
        content_layers=["conv1_2"],
        style_layers=["conv1_1", "conv1_2"],
        style_image=painting,
    )
    total = perceptual_loss(y, perceptual_loss.content_targets(photo))["total_loss"]
    total.backward()
    expected, gradient = NumpyVgg(state).loss_and_gradient(
        *(picture.detach()[0].numpy() for picture in (y, photo, painting)), alpha=1.0, beta=1000.0
    )
    # The content term is worked out in float32 whatever is given.
    assert float(total.detach()) == pytest.approx(expected, rel=1e-5)
    assert y.grad is not None
    np.testing.assert_allclose(y.grad[0].numpy(), gradient, rtol=1e-3, atol=1e-4 * gradient.std())


# --- the engine -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def loss_network() -> LossNetwork:
    return LossNetwork(
        "vgg19",
        ["relu1_1", "relu2_1", "relu2_2"],
        pooling="max",
        state_dict=vgg_weights("vgg19", 2, 2, seed=0),
    )


def make_loss(
    loss_network: LossNetwork, formula: str = "relative", **changes: object
) -> PerceptualLoss:
    settings: dict = {
        "content_weight": 1.0,
        "style_weight": 5.0,
        "tv_weight": 0.1,
        "content_layers": ["relu2_2"],
        "style_layers": ["relu1_1", "relu2_1"],
        "style_image": to_tensor(noise_picture(9)),
        **changes,
    }
    return PerceptualLoss(loss_network, formula=formula, **settings)


def run_engine(
    perceptual_loss: PerceptualLoss, start: Tensor, steps: int, **changes: object
) -> list[Iterate]:
    photo = to_tensor(noise_picture(1))
    settings: dict = {"optimizer": "lbfgs", "learning_rate": 0.02, "history": 10, **changes}
    targets = perceptual_loss.content_targets(photo)
    return list(optimize_pixels(perceptual_loss, targets, start, num_steps=steps, **settings))


@pytest.fixture
def noise(generator: torch.Generator) -> Tensor:
    return torch.rand(1, 3, 40, 48, generator=generator)


@pytest.mark.parametrize("formula", sorted(FORMULAS))
@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_the_objective_falls_whatever_the_formula(
    loss_network: LossNetwork, noise: Tensor, formula: str, optimizer: str
) -> None:
    found = run_engine(make_loss(loss_network, formula), noise, 8, optimizer=optimizer)
    totals = [iterate.losses["total_loss"] for iterate in found]
    assert totals[-1] < (0.5 if optimizer == "lbfgs" else 0.95) * totals[0]


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_losses_are_those_of_the_picture_kept(
    loss_network: LossNetwork, noise: Tensor, optimizer: str
) -> None:
    perceptual_loss = make_loss(loss_network)
    found = run_engine(perceptual_loss, noise, 5, optimizer=optimizer)
    assert [iterate.step for iterate in found] == list(range(6))
    torch.testing.assert_close(found[0].picture, noise)
    targets = perceptual_loss.content_targets(to_tensor(noise_picture(1)))
    for iterate in found:
        assert iterate.picture.min() >= 0
        assert iterate.picture.max() <= 1
        total = perceptual_loss(iterate.picture, targets)["total_loss"]
        assert iterate.losses["total_loss"] == pytest.approx(float(total.detach()), rel=1e-5)


def test_evaluations_are_counted_as_the_loss_network_sees_them(
    loss_network: LossNetwork, noise: Tensor
) -> None:
    perceptual_loss = make_loss(loss_network)
    calls = []
    handle = perceptual_loss.register_forward_hook(lambda *_: calls.append(True))
    found = run_engine(perceptual_loss, noise, 12)
    handle.remove()
    assert found[-1].evaluations == len(calls)
    # Strong Wolfe takes the first step it tries nearly always: not two evaluations a step.
    assert found[-1].evaluations - found[2].evaluations <= 13


def test_it_ends_where_nothing_can_be_gained(loss_network: LossNetwork) -> None:
    photo = to_tensor(noise_picture(1))
    perceptual_loss = make_loss(loss_network, style_weight=0.0, tv_weight=0.0)
    found = run_engine(perceptual_loss, photo, 5)
    assert len(found) < 6
    assert found[-1].losses["total_loss"] < 1e-9


def test_unknown_optimizer(loss_network: LossNetwork, noise: Tensor) -> None:
    with pytest.raises(UserError, match="'lbgfs' is not one of lbfgs, adam; did you mean 'lbfgs'"):
        run_engine(make_loss(loss_network), noise, 1, optimizer="lbgfs")


# --- blending, textures, colour, memory -------------------------------------------------------


def test_a_blend_averages_gram_matrices(loss_network: LossNetwork) -> None:
    one, two = (to_tensor(noise_picture(seed, 30 + seed, 40)) for seed in (4, 5))
    blend = make_loss(loss_network, style_image=[one, two], style_blend=[6.0, 2.0])
    for layer in blend.style_layers:
        with torch.no_grad():
            a, b = (gram(loss_network(picture, [layer])[layer]) for picture in (one, two))
        found = blend.style_grams()[layer]
        torch.testing.assert_close(found, 0.75 * a + 0.25 * b)


def test_a_blend_of_one_picture_twice_is_that_picture(loss_network: LossNetwork) -> None:
    picture = to_tensor(noise_picture(4))
    blend = make_loss(loss_network, style_image=[picture] * 2, style_blend=[0.7, 0.3])
    single = make_loss(loss_network, style_image=picture)
    y = to_tensor(noise_picture(6))
    torch.testing.assert_close(
        blend(y, blend.content_targets(y)), single(y, single.content_targets(y))
    )


def test_without_content_layers_the_content_loss_is_zero(
    loss_network: LossNetwork, noise: Tensor
) -> None:
    texture = make_loss(loss_network, content_layers=[])
    losses = texture(noise, {})
    assert float(losses["content_loss"]) == 0
    assert float(losses["total_loss"]) > 0


def test_keep_color_keeps_chroma_and_takes_luminance() -> None:
    stylized = 0.4 + 0.2 * to_tensor(noise_picture(7))
    photo = 0.4 + 0.2 * to_tensor(noise_picture(8))
    result = keep_color(stylized, photo)
    weights = torch.tensor(LUMINANCE).view(3, 1, 1)

    def luminance(x: Tensor) -> Tensor:
        return (x * weights).sum(1, keepdim=True)

    torch.testing.assert_close(luminance(result), luminance(stylized))
    torch.testing.assert_close(result - luminance(result), photo - luminance(photo))
    torch.testing.assert_close(keep_color(photo, photo), photo)


def test_memory_goes_with_area_and_history(loss_network: LossNetwork) -> None:
    needed = peak_bytes(loss_network, 100, 200, 100)
    assert peak_bytes(loss_network, 200, 400, 100) == pytest.approx(4 * needed)
    history = needed - peak_bytes(loss_network, 100, 200, 0)
    assert history == pytest.approx(2 * 100 * 3 * 100 * 200 * 4, abs=1)


def test_a_size_that_does_not_fit_names_the_one_that_does() -> None:
    check_fits("size", 10, 10, 512)
    with pytest.raises(UserError, match=r"about 8\.0 GB, 2\.0 GB are free; size=512 fits"):
        check_fits("size", 8 * 10**9, 2 * 10**9, 1024)


def make_config(*overrides: str) -> OptimizeConfig:
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        return parse_as(OptimizeConfig, compose("optimize", ["content=a.jpg", *overrides]))


def test_scales_double_and_share_the_steps() -> None:
    assert scales(make_config("size=700", "steps=500")) == [(700, 500)]
    many = ("multiscale=true", "coarsest_size=128")
    assert scales(make_config("size=700", "steps=500", *many)) == [
        (175, 166),
        (350, 166),
        (700, 168),
    ]
    assert scales(make_config("size=100", "steps=7", *many)) == [(100, 7)]
    assert scales(make_config("size=1024", "steps=2", *many)) == [(512, 1), (1024, 1)]


def test_defaults_are_gatys_layers_of_vgg19() -> None:
    for overrides in ((), ("loss=gatys2016",)):
        config = make_config(*overrides)
        assert config.loss_network.name == "vgg19"
        assert config.loss.content_layers == ["conv4_2"]
        assert config.loss.style_layers == [f"conv{i}_1" for i in range(1, 6)]
    assert make_config().loss.formula == "relative"
    assert make_config("size=300").style.size == 300
    assert make_config("size=300", "style.size=200").style.size == 200


# --- the command line -------------------------------------------------------------------------


@pytest.fixture
def photo(photo_dir: Path) -> Path:
    return photo_dir / "photo_0.png"


@pytest.fixture
def overrides(photo: Path, painting: Path, tiny_weights: Path) -> list[str]:
    """Overrides with which `optimize` runs in a fraction of a second."""
    return [
        f"content={photo}",
        f"style.image={painting}",
        f"loss_network.weights={tiny_weights}",
        *TINY_LAYERS,
        "size=48",
        "steps=3",
        "output=out.png",
        "device=cpu",
    ]


@pytest.fixture
def optimize_cli(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    overrides: list[str],
) -> Callable[..., Outcome]:
    """`python -m faststyle.optimize` in this process, in the test's own folder."""

    def run(*arguments: str) -> Outcome:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["optimize", *overrides, *arguments])
        monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
        capfd.readouterr()
        handler = signal.getsignal(signal.SIGTERM)
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        finally:
            signal.signal(signal.SIGTERM, handler)
        written = capfd.readouterr()
        return Outcome(code, written.out, written.err)

    return run


def test_it_writes_the_picture_and_nothing_else(
    optimize_cli: Callable[..., Outcome], tmp_path: Path, photo: Path
) -> None:
    outcome = optimize_cli("preview_every=1")
    assert outcome.code == 0, outcome.err
    assert "out.png: 3 steps," in outcome.out
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]
    given, found = load_image(photo), load_image(tmp_path / "out.png")
    assert max(found.size) == 48
    assert found.size[0] / found.size[1] == pytest.approx(given.size[0] / given.size[1], rel=0.05)


def test_the_same_seed_gives_the_same_picture(
    optimize_cli: Callable[..., Outcome], tmp_path: Path
) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert optimize_cli("init=noise", f"seed={seed}", f"output={name}.png").code == 0
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a == b
    assert a != c


@pytest.mark.parametrize(
    "choices",
    [
        ["content=none"],
        ["multiscale=true", "coarsest_size=32", "size=96", "init=noise"],
        ["keep_color=true", "optimizer=adam", "output=out.jpg"],
        ["style.image=null", "style.images=[{painting},{photo}]", "style.blend=[0.7,0.3]"],
        ["style.image=null", "style.images=[{painting},{photo}]"],
        ["style.image=null"],  # the swatch
        ["init={painting}", "style_scale=0.95"],
        ["loss=gatys2016", "style.size=46"],
    ],
    ids=lambda choices: choices[0].split("{")[0],
)
def test_every_way_to_use_it(
    optimize_cli: Callable[..., Outcome],
    tmp_path: Path,
    painting: Path,
    photo: Path,
    choices: list[str],
) -> None:
    filled = [choice.format(painting=painting, photo=photo) for choice in choices]
    outcome = optimize_cli(*filled)
    assert outcome.code == 0, outcome.err
    assert len(list(tmp_path.iterdir())) == 1


def test_a_texture_has_the_paintings_shape(
    optimize_cli: Callable[..., Outcome], tmp_path: Path, painting: Path
) -> None:
    assert optimize_cli("content=none").code == 0
    given, found = load_image(painting).size, load_image(tmp_path / "out.png").size
    assert found == (48, round(48 * given[1] / given[0]))


MISTAKES = {
    "content=gone.jpg": "content: no such picture: gone.jpg",
    "init=gone.jpg": "init: no such picture: gone.jpg",
    "style.image=gone.jpg": "style.image: no such picture: gone.jpg",
    "style.image=null style.name=mine": "style.image: no picture of mine comes with faststyle",
    "style.images=[a.jpg]": "style.images: got both style.image and style.images",
    "style.blend=[1.0]": "style.blend: the weights are for style.images",
    "style.image=null style.images=[]": "style.images: got no picture",
    "style.image=null style.images=[a.jpg,b.jpg] style.blend=[1.0]": "1 weights for 2 style.images",
    "style.image=null style.images=[a.jpg,b.jpg] style.blend=[1,0]": "must be above 0, got 0",
    "style.image=null style.images=[a.jpg,b.jpg] style.blend=[1,-2]": "must be above 0, got -2",
    "style.image=null style.images=[gone.jpg]": "style.images: no such picture: gone.jpg",
    "steps=0": "steps: must be at least 1, got 0",
    "steps=many": "steps: Value 'many'",
    "size=20": "size: must be at least 32, got 20",
    "size=100000000": "fits",
    "style_scale=0": "style_scale: must be above 0",
    "style_scale=0.03": "style: the picture is 1 x 1 pixels when vgg19 looks at it, its layers",
    "output=gone/out.png": "output: no such folder: gone",
    "output=out.xyz": "pictures are written as .jpg",
    "output=out": "pictures are written as .jpg",
    "output=photo.png content=photo.png": "output: photo.png is one of the pictures given",
    "optimizer=sgd": "optimizer: 'sgd' is not one of lbfgs, adam",
    "device=warp": "device: cannot use 'warp'",
    "content=none init=content": "init: content=none leaves no photo",
    "content=none keep_color=true": "keep_color: content=none leaves no photo",
    "contents=a.jpg": "contents: no such key",
}


@pytest.mark.parametrize("given", MISTAKES)
def test_a_mistake_is_one_line(
    optimize_cli: Callable[..., Outcome], tmp_path: Path, given: str
) -> None:
    noise_picture(0).save(tmp_path / "photo.png")
    outcome = optimize_cli(*given.split())
    assert outcome.code == 2
    assert MISTAKES[given] in outcome.err
    assert outcome.err.startswith("optimize: ")
    assert outcome.err.count("\n") == 1
    assert outcome.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["photo.png"]


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to another process")
def test_ctrl_c_keeps_the_picture_so_far(overrides: list[str], tmp_path: Path) -> None:
    changes = ["steps=1000000", "preview_every=1", "optimizer=adam"]
    with started(tmp_path, "faststyle.optimize", *overrides, *changes) as running:
        while not (tmp_path / "out_preview.png").is_file():
            assert running.poll() is None, running.communicate()
            time.sleep(0.02)
        load_image(tmp_path / "out_preview.png")  # whole, whenever it is looked at
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=300)
    assert running.returncode == 0, err
    assert "out.png: stopped at step" in out
    assert err == ""
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]


@pytest.mark.real
def test_from_noise_the_objective_falls_by_95_percent(real_data: Path, tmp_path: Path) -> None:
    """At 128 pixels 100 iterations do it; docs/benchmarks.md has 200 at 256."""
    from faststyle.optimize.inputs import load_pictures
    from faststyle.optimize.multiscale import load_loss_network, optimize_scales

    config = make_config(
        f"content={real_data}/data/content/tubingen.jpg",
        f"style.image={real_data}/data/styles/starry_night.jpg",
        f"loss_network.weights={real_data}/weights/vgg19_oxford_conv5_1_fp16.pth",
        "init=noise",
        "size=128",
        "steps=100",
    )
    pictures = load_pictures(config)
    totals = [
        i.losses["total_loss"]
        for i in optimize_scales(config, pictures, load_loss_network(config, pictures))
    ]
    assert len(totals) == 101
    assert totals[-1] < 0.05 * totals[0]
