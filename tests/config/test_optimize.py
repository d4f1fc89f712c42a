"""Settings of optimize."""

from __future__ import annotations

from tests.support.runs import compose_optimize_config


def test_defaults_are_gatys_layers_of_vgg19() -> None:
    for overrides in ((), ("loss=gatys2016",)):
        config = compose_optimize_config(*overrides)
        assert config.loss_network.name == "vgg19"
        assert config.loss.content_layers == ["conv4_2"]
        assert config.loss.style_layers == [f"conv{i}_1" for i in range(1, 6)]
    assert compose_optimize_config().loss.formula == "relative"
    assert compose_optimize_config("size=300").style.size == 300
    assert compose_optimize_config("size=300", "style.size=200").style.size == 200
