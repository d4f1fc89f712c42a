"""Metadata of a style checkpoint: what is refused and what is tolerated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from faststyle.checkpoints.catalog import describe
from faststyle.checkpoints.header import METADATA_KEY
from faststyle.checkpoints.metadata import MAX_TEXT
from faststyle.checkpoints.style_checkpoint import read_checkpoint, write_checkpoint
from tests.support.hostile import refusal, rewrite


@pytest.mark.parametrize(
    ("section", "changes", "message"),
    [
        ("style", {"name": "../../etc/passwd"}, "style.name is '../../etc/passwd', not up to 80"),
        ("style", {"image": "/home/me/cat.jpg"}, "not a file name without folders"),
        ("style", {"title": "\x1b[2Jgone"}, r"control characters: '\x1b[2Jgone'"),
        ("style", {"title": "\u202egnp.exe"}, "control characters"),
        ("style", {"a\nb": 1}, "control characters"),
        ("style", {"title": "a" * (MAX_TEXT + 1)}, f"a text of {MAX_TEXT + 1} characters"),
        ("style", {"year": "1889"}, "style.year is '1889', not a number"),
        ("network", {"width": "4"}, "network.width is '4', not a whole number"),
        ("network", {"width": True}, "network.width is True, not a whole number"),
        ("network", {"width": -4}, "network.width is -4, not a whole number"),
        ("network", {"width": 10**30}, "more than 63 bits"),
        ("network", {"width": None}, "network.width is None"),
        ("network", {"norm": "layer"}, "network.norm: 'layer' is not one of instance, batch"),
        ("network", {"depth": 3}, "network.depth is unknown"),
        ("loss", {"style_layers": [1, 2]}, "loss.style_layers is [1, 2], not a list of texts"),
        ("training", {"steps": 1.5}, "training.steps is 1.5, not a whole number"),
        ("metrics", {"val/style_loss": [1]}, "metrics.val/style_loss is [1], not a number"),
        ("versions", {"torch": 2}, "versions.torch is 2, not a text"),
        ("later", {str(i): i for i in range(5000)}, "too large"),
        ("later", {"a": {"b": {"c": {"d": {"e": {"f": {}}}}}}}, "too large"),
    ],
)
def test_metadata_that_is_not_ours(
    section: str, changes: dict[str, Any], message: str, style: Path
) -> None:
    rewrite(style, lambda metadata, _: metadata.setdefault(section, {}).update(changes))
    assert message in refusal(style)


def test_sections_of_another_type(style: Path) -> None:
    rewrite(style, lambda metadata, _: metadata.update(style=["tiny"]))
    assert "style is no JSON object" in refusal(style)


def test_what_a_later_version_adds_is_tolerated(style: Path) -> None:
    later = {"strength": {"end": [0.5, 1.0], "photo": True, "of": None}}
    rewrite(style, lambda metadata, _: metadata.update(later))
    checkpoint = read_checkpoint(style)
    assert checkpoint.metadata["strength"] == later["strength"]
    assert "end: 0.5, 1.0" in describe(checkpoint.metadata)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format": ' + "9" * 10_000 + "}", '{"a": 1,}'])
def test_json_that_breaks_readers(text: str, style: Path) -> None:
    save_file({"a": torch.ones(1)}, style, metadata={METADATA_KEY: text})
    assert "not a readable style checkpoint" in refusal(style)


def test_what_is_written_can_be_read_again(style: Path) -> None:
    """A title with a line break, as a user may well give it."""
    checkpoint = read_checkpoint(style)
    odd = {**checkpoint.metadata, "style": {"title": "Two\nlines\x1b", "rights": "r" * 9999}}
    write_checkpoint(style, checkpoint.build(), odd)
    assert read_checkpoint(style).metadata["style"]["title"] == "Two lines "
