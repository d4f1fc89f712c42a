"""Scales and their steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from faststyle.optimize.multiscale import scales
from tests.support.runs import compose_optimize_config


def test_scales_double_and_share_the_steps() -> None:
    assert scales(compose_optimize_config("size=700", "steps=500")) == [(700, 500)]
    many = ("multiscale=true", "coarsest_size=128")
    assert scales(compose_optimize_config("size=700", "steps=500", *many)) == [
        (175, 166),
        (350, 166),
        (700, 168),
    ]
    assert scales(compose_optimize_config("size=100", "steps=7", *many)) == [(100, 7)]
    assert scales(compose_optimize_config("size=1024", "steps=2", *many)) == [(512, 1), (1024, 1)]


@pytest.mark.real
def test_from_noise_the_objective_falls_by_95_percent(real_data: Path, tmp_path: Path) -> None:
    """At 128 pixels 100 iterations do it; docs/benchmarks.md has 200 at 256."""
    from faststyle.optimize.inputs import load_pictures
    from faststyle.optimize.multiscale import load_loss_network, optimize_scales

    config = compose_optimize_config(
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
