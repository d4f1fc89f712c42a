"""Any value in every setting of train, of the right type or not: settings, or one line."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hypothesis import example, given, settings
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf

from faststyle.config.train import TrainConfig, parse
from faststyle.errors import UserError
from faststyle.files.paths import CONF_DIR
from tests.support.commands import Outcome, one_line
from tests.support.runs import compose_config

with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
    PLAIN: Any = OmegaConf.to_container(compose("train", ["experiment=smoke"]), resolve=True)
KEYS = [
    (str(section), str(key) if isinstance(value, dict) else "")
    for section, value in PLAIN.items()
    for key in (value if isinstance(value, dict) else [""])
]

NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.integers(),
    st.integers(300, 5000).map(lambda digits: 10**digits),
    st.floats(),
)
WORDS = ["", " ", "null", "???", "${style.name}", "auto", "1", "-1", "1e400", "nan", "²", "a\nb"]
SCALARS = st.one_of(
    NUMBERS, NUMBERS.map(lambda value: -value), st.none(), st.booleans(), st.sampled_from(WORDS),
    st.text(max_size=20).filter(lambda text: "${" not in text),
)  # fmt: skip
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.dictionaries(st.sampled_from(["name", "width", "x"]), SCALARS, max_size=2),
    st.lists(st.lists(SCALARS, max_size=2), max_size=2),
)


def parsed(key: tuple[str, str], value: Any) -> TrainConfig | str:
    """The settings with this value, or the message of the UserError."""
    changed = copy.deepcopy(PLAIN)
    if key[1]:
        changed[key[0]][key[1]] = value
    else:
        changed[key[0]] = value
    try:
        return parse(DictConfig(changed))
    except UserError as error:
        return str(error)


@settings(max_examples=400, derandomize=True, deadline=None, database=None)
@given(key=st.sampled_from(KEYS), value=VALUES)
@example(key=("loss", "style_weight"), value=10**400)
@example(key=("trainer", "max_steps"), value=10**5000)
@example(key=("style", "year"), value=10**400)
@example(key=("trainer", "devices"), value="²")
@example(key=("trainer", "devices"), value="9" * 5000)
@example(key=("trainer", ""), value=None)
@example(key=("style", ""), value=[])
@example(key=("loss", "style_layers"), value=[None])
def test_any_value_is_taken_or_refused_in_one_line(key: tuple[str, str], value: Any) -> None:
    outcome = parsed(key, value)
    if isinstance(outcome, str):
        assert "\n" not in outcome
        assert len(outcome) < 500
    else:
        found = getattr(outcome, key[0])
        numbers = [getattr(found, key[1]) if key[1] else found]
        for number in numbers:
            assert not isinstance(number, float) or math.isfinite(number)
            assert not isinstance(number, int) or abs(number) <= 2**40


def is_number(key: tuple[str, str]) -> bool:
    held = PLAIN[key[0]][key[1]] if key[1] else PLAIN[key[0]]
    return isinstance(held, int | float) and not isinstance(held, bool)


@pytest.mark.parametrize("key", [key for key in KEYS if is_number(key)], ids=".".join)
def test_every_number_has_two_ends(key: tuple[str, str]) -> None:
    """Nothing that no machine can hold, and nothing that is not a number, reaches a run."""
    name = ".".join(part for part in key if part)
    for value in (10**400, -(10**400), math.inf, -math.inf, math.nan):
        message = parsed(key, value)
        assert isinstance(message, str), f"{name}={value} was taken"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("loss.style_weight=inf", "loss.style_weight: must be at most 1e+20, got inf"),
        ("+style.style_weight=nan", "style.style_weight: must be at least 0, got nan"),
        (
            "trainer.learning_rate=1e9",
            "trainer.learning_rate: must be at most 1000, got 10",
        ),
        ("trainer.gradient_clip=inf", "trainer.gradient_clip: must be at most 1000000000, got inf"),
        ("network.width=100000", "network.width: must be at most 1024, got 100000"),
        ("data.num_workers=5000", "data.num_workers: must be at most 1024, got 5000"),
        ("data.image_size=100000", "data.image_size: must be at most 16384, got 100000"),
        ("style.size=100000", "style.size: must be at most 16384, got 100000"),
        ("trainer.max_steps=9999999999", "trainer.max_steps: must be at most 1000000000"),
        ("trainer.devices=0", "trainer.devices: must be at least 1, got 0"),
        ("trainer.devices=-1", "trainer.devices: must be at least 1, got -1"),
        ("trainer.devices=all", "trainer.devices: 'all' is not one of auto, 1, 2, ..."),
        ("trainer.devices=1000000", "trainer.devices: must be at most 1024, got 1000000"),
    ],
)
def test_limits_are_named(override: str, message: str) -> None:
    with pytest.raises(UserError) as refused:
        compose_config("experiment=smoke", override)
    assert message in str(refused.value)


@pytest.mark.parametrize("digits", [400, 5000])
def test_a_number_of_hundreds_of_digits_is_one_line(
    digits: int, train_cli: Callable[..., Outcome]
) -> None:
    message = one_line(train_cli("experiment=smoke", f"loss.style_weight={'9' * digits}"))
    assert message == f"train: loss.style_weight: a number of {digits} digits is too large\n"
