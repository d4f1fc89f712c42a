"""Mistakes in settings: each kind has its line."""

from __future__ import annotations

import re

import pytest

from faststyle.errors import UserError
from tests.support.runs import compose_config


def complaint(*overrides: str) -> str:
    with pytest.raises(UserError) as caught:
        compose_config(*overrides)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        # keys
        ("trainer.max_step=5", ["trainer.max_step:", "no such key", "did you mean 'max_steps'"]),
        ("+trainer.max_step=5", ["trainer.max_step:", "no such key", "did you mean 'max_steps'"]),
        ("+loss.styleweight=5", ["loss.styleweight:", "did you mean 'style_weight'"]),
        ("sed=1", ["sed:", "no such key", "did you mean 'seed'"]),
        # choices of a group
        ("style=stary_night", ["style:", "'stary_night'", "udnie", "did you mean 'starry_night'"]),
        ("network=ful", ["network:", "'ful'", "half", "did you mean 'full'"]),
        ("loss=relativ", ["loss:", "did you mean 'relative'"]),
        ("loss_network=vgg18", ["loss_network:", "'vgg18'", "squeezenet", "did you mean 'vgg1"]),
        ("experiment=smok", ["experiment:", "did you mean 'smoke'"]),
        # types
        ("trainer.max_steps=many", ["trainer.max_steps", "many"]),
        ("loss.tv_weight=[1]", ["loss.tv_weight"]),
        ("style.size=1.5", ["style.size", "1.5"]),
        ("trainer.progress_bar=perhaps", ["trainer.progress_bar", "perhaps"]),
        ("loss.style_layers=relu1_1", ["loss.style_layers"]),
        # ranges
        ("trainer.max_steps=0", ["trainer.max_steps:", "at least 1", "got 0"]),
        ("trainer.learning_rate=0", ["trainer.learning_rate:", "above 0", "got 0"]),
        ("trainer.learning_rate=nan", ["trainer.learning_rate:", "above 0"]),
        ("trainer.gradient_clip=-1", ["trainer.gradient_clip:", "above 0", "got -1"]),
        ("trainer.warmup_steps=-1", ["trainer.warmup_steps:", "at least 0"]),
        ("trainer.checkpoint_every=0", ["trainer.checkpoint_every:", "at least 1"]),
        ("loss.style_weight=-1", ["loss.style_weight:", "at least 0", "got -1"]),
        ("loss.content_weight=nan", ["loss.content_weight:", "at least 0"]),
        ("loss.style_layers=[]", ["loss.style_layers:", "at least one layer"]),
        ("data.batch_size=0", ["data.batch_size:", "at least 1", "got 0"]),
        ("data.image_size=8", ["data.image_size:", "at least 16", "got 8"]),
        ("data.num_images=0", ["data.num_images:", "at least 1"]),
        ("data.num_workers=-1", ["data.num_workers:", "at least 0"]),
        ("network.width=0", ["network.width:", "at least 1", "got 0"]),
        ("style.size=1", ["style.size:", "at least 16", "got 1"]),
        ("style.name=../oops", ["style.name:", "../oops", "letters, digits"]),
        # names in values
        ("trainer.precision=bf17", ["trainer.precision:", "'bf17'", "32, bf16, 16", "'bf16'"]),
        ("trainer.devices=al", ["trainer.devices:", "'al'", "auto"]),
        # values that only the user has
        ("style=custom", ["style.name", "needs a value", "style.name=..."]),
        ("data=folder", ["data.path", "needs a value", "data.path=..."]),
        ("network.width=???", ["network.width", "needs a value"]),
        # not Hydra's grammar
        ("seed=[1", ["seed=[1"]),
    ],
)
def test_a_mistake_is_one_line_with_the_key_and_what_is_allowed(
    override: str, parts: list[str]
) -> None:
    message = complaint(override)
    for part in parts:
        assert part in message, message


def test_a_negative_seed_is_refused_by_its_key() -> None:
    assert re.match(r"seed: must be at least 0, got -1", complaint("seed=-1"))


def test_seed_zero_is_a_seed() -> None:
    assert compose_config("seed=0").seed == 0
    assert compose_config("seed=7").seed == 7


def test_numbers_for_strings_are_taken_as_typed() -> None:
    """`precision=16` and `style.name=1889` read naturally, though YAML sees numbers."""
    assert compose_config("trainer.precision=16").trainer.precision == "16"
    assert (
        compose_config("style=custom", "style.name=1889", "style.image=a.jpg").style.name == "1889"
    )
