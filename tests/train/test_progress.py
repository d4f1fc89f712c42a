"""Progress of a run where it is written into a file or a pipe, and on a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from faststyle.train.progress import ProgressBar, progress_line
from tests.support.commands import Outcome

BAR = "trainer.progress_bar=true"  # the settings of other tests switch it off
LINE = (
    r"starry_night: step (\d+) of 4, content loss [\d.e+-]+, style loss [\d.e+-]+, [\d.]+ images/s"
)


def test_a_pipe_gets_one_line_at_the_end_of_a_short_run(
    train_cli: Callable[..., Outcome], smoke_overrides: list[str]
) -> None:
    outcome = train_cli(*smoke_overrides, BAR, "trainer.max_steps=4")
    assert (outcome.code, outcome.err) == (0, "")
    assert "\r" not in outcome.out
    assert "0it" not in outcome.out
    lines = [line for line in outcome.out.splitlines() if " of 4, " in line]
    assert len(lines) == 1
    assert re.fullmatch(LINE, lines[0])


def test_a_long_run_gets_lines_on_the_way(
    train_cli: Callable[..., Outcome], smoke_overrides: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faststyle.train.progress.LINE_EVERY", 0.0)
    outcome = train_cli(*smoke_overrides, BAR, "trainer.max_steps=4")
    steps = [int(found[1]) for found in re.finditer(LINE, outcome.out)]
    assert steps == [1, 2, 3, 4]
    assert outcome.out.count(" left\n") == 3


def test_a_terminal_gets_a_bar(
    train_cli: Callable[..., Outcome], smoke_overrides: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []
    start = ProgressBar.on_train_start

    def note(self: ProgressBar, *args: object) -> None:
        shown.append(self.label)
        start(self, *args)

    monkeypatch.setattr(ProgressBar, "on_train_start", note)
    monkeypatch.setattr("faststyle.train.build.is_terminal", lambda: True)
    outcome = train_cli(*smoke_overrides, BAR)
    assert outcome.code == 0, outcome
    assert shown == ["starry_night"]
    assert "\r" in outcome.out


@pytest.mark.parametrize(
    ("seconds", "left"),
    [(12.4, "12 s"), (59, "59 s"), (61, "1 min"), (3540, "59 min"), (3599, "1 h 00 min"),
     (11_100, "3 h 05 min")],
)  # fmt: skip
def test_the_time_left_is_easy_to_read(seconds: float, left: str) -> None:
    line = progress_line(10, 2000, {"content": 0.81234, "style": 0.1}, 12.34, seconds)
    assert line == (
        f"step 10 of 2000, content loss 0.812, style loss 0.1, 12.3 images/s, {left} left"
    )
