"""Results of any size that is asked for, or one line before memory or time is spent."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from faststyle import Stylizer
from tests.support.commands import one_line
from tests.support.pictures import noise_picture, written


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--scale", "50"), "dog.png: --scale 50 makes 1000 x 1650 pixels, more than the 1.05"),
        (("--scale", "1e308"), "--scale may be at most 39.85 here (0.5 is half the size)"),
        (("--strength", ",".join(["1"] * 1600)), "dog.png: 1600 strengths make 33599 x 33 pixels"),
        (("--stroke-scale", "0.25", "--scale", "20"), "stroke_scale: 0.25 stylizes 1600 x 2640"),
        (("--feather", "1e9"), "'1e9' is not between 0 and 100 percent"),
    ],
    ids=str,
)
def test_more_than_fits(arguments, message: str, infer, here: Path) -> None:
    outcome = infer("dog.png", *arguments, "--max-memory", "1MB", "--output", "out.png")
    assert outcome.code == 2
    assert message in outcome.err
    assert not (here / "out.png").exists()


def test_a_scale_that_fits(infer, here: Path) -> None:
    assert infer("dog.png", "--scale", "6", "--max-memory", "1MB", "--output", "out.png").code == 0
    assert written(here)["out.png"] == (120, 198)


def test_a_format_that_cannot_hold_it(infer, here: Path) -> None:
    """Known before anything is stylized."""
    noise_picture(0, 9000, 8).save("wide.png")
    arguments = ("wide.png", "--strength", "0,1", "--output", "out.webp")
    assert "WEBP holds at most 16383 pixels a side" in one_line(infer(*arguments))


def test_one_that_is_too_large_costs_only_itself(infer, here: Path) -> None:
    noise_picture(0, 300, 250).save("large.png")
    arguments = ("--scale", "8", "--max-memory", "1MB", "--output", "out")
    outcome = infer("large.png", "dog.png", *arguments)
    assert outcome.code == 1
    assert "large.png: --scale 8 makes 2400 x 2000 pixels" in outcome.err
    assert written(here / "out") == {"dog.png": (160, 264)}


@pytest.mark.parametrize(
    ("error", "ends"),
    [
        (MemoryError(), False),
        (torch.OutOfMemoryError("CUDA out of memory"), False),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), False),
        (RuntimeError("a bug"), True),
    ],
    ids=str,
)
def test_too_little_memory_costs_only_the_photo(
    error: Exception, ends: bool, infer, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Stylizer.__call__

    def call(self: Stylizer, image, *arguments, **options):
        if image.size == (41, 30):
            raise error
        return real(self, image, *arguments, **options)

    monkeypatch.setattr(Stylizer, "__call__", call)
    if ends:
        with pytest.raises(RuntimeError, match="a bug"):
            infer("cat.jpg", "dog.png", "--output", "out")
        return
    outcome = infer("cat.jpg", "dog.png", "--output", "out")
    assert outcome.code == 1
    assert "cat.jpg: not enough memory; give a lower --max-memory, or --max-size" in outcome.err
    assert sorted(written(here / "out")) == ["dog.png"]
