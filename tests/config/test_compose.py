"""Settings composed in a program are those of the command line."""

from __future__ import annotations

import pytest

from faststyle.config.parsing import compose_settings
from faststyle.config.train import TEXT_KEYS, parse
from faststyle.errors import UserError


def test_names_are_taken_as_written_and_experiments_work() -> None:
    overrides = ["experiment=explore", "style=custom", "style.name=a", "style.image=my, [art].jpg"]
    config = parse(compose_settings("train", overrides, text_keys=TEXT_KEYS))
    assert config.style.image == "my, [art].jpg"
    assert (config.loss_network.name, config.data.image_size) == ("compact", 192)


@pytest.mark.parametrize(
    ("override", "said"),
    [("style=udni", "style: 'udni' is not one of"), ("loss.weight=1", "loss.weight: no such key")],
)
def test_a_wrong_override_is_a_users_mistake(override: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        compose_settings("train", [override], text_keys=TEXT_KEYS)
