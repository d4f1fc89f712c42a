"""One style shared by threads, as in a web server; and by processes that fork."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import torch

from faststyle import Stylizer, load_style
from faststyle.checkpoints.style_checkpoint import write_checkpoint
from faststyle.images.tensors import to_tensor
from faststyle.networks.transform_net import TransformNet
from faststyle.rendering import interpolation
from tests.support.networks import TINY_NETWORK
from tests.support.pictures import noise_picture

STRENGTHS = (0.2, 0.5, 1.0)
THREADS, CALLS = 6, 60


def network(seed: int) -> TransformNet:
    torch.manual_seed(seed)
    return TransformNet(**TINY_NETWORK)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def style(tmp_path_factory: pytest.TempPathFactory) -> Stylizer:
    path = tmp_path_factory.mktemp("style") / "tiny.safetensors"
    metadata = {"network": TINY_NETWORK, "style": {"name": "tiny"}}
    write_checkpoint(path, network(0), metadata, network(1))
    return load_style(path, "cpu")


@pytest.mark.parametrize("kept", [1, 4])
def test_threads_with_different_strengths(
    style: Stylizer, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where fewer networks are kept than are in use."""
    monkeypatch.setattr(interpolation, "KEPT", kept)
    picture = noise_picture(0, 96, 80)
    expected = {strength: style(picture, strength).tobytes() for strength in STRENGTHS}
    assert len(set(expected.values())) == len(STRENGTHS)
    start = Barrier(THREADS)

    def call(number: int) -> tuple[float, bool]:
        if number < THREADS:
            start.wait(60)
        strength = STRENGTHS[number % len(STRENGTHS)]
        return strength, style(picture, strength).tobytes() == expected[strength]

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = Counter(pool.map(call, range(CALLS)))
    assert outcomes == {(s, True): CALLS // len(STRENGTHS) for s in STRENGTHS}


def test_a_call_changes_nothing_that_is_global(style: Stylizer) -> None:
    before = (torch.get_num_threads(), torch.is_grad_enabled(), torch.get_default_dtype())
    state = torch.get_rng_state()
    style(noise_picture(0), 0.4, stroke_scale=1.5, keep_color="histogram")
    after = (torch.get_num_threads(), torch.is_grad_enabled(), torch.get_default_dtype())
    assert after == before
    assert torch.equal(torch.get_rng_state(), state)


def test_the_trained_network_stays_as_it_is(style: Stylizer) -> None:
    weights = {name: value.clone() for name, value in style.net.state_dict().items()}
    photo = to_tensor(noise_picture(1))
    for strength in np.linspace(0, 2, 7):
        style(photo, float(strength))
    assert all(torch.equal(value, weights[n]) for n, value in style.net.state_dict().items())
    assert not any(value.is_inference() for value in style.net.parameters())


def test_few_networks_are_kept(style: Stylizer) -> None:
    networks = style._networks
    made = networks.at(0.31)
    assert networks.at(0.31) is made
    for strength in np.linspace(0.4, 0.9, 2 * interpolation.KEPT):
        networks.at(float(strength))
    assert len(networks._kept) == interpolation.KEPT
    again = networks.at(0.31)
    assert again is not made
    for one, other in zip(again.parameters(), made.parameters(), strict=True):
        assert torch.equal(one, other)
