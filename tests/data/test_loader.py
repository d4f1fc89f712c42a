"""Loader processes that die."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.utils.data import get_worker_info

from faststyle.data.loader import LoaderDied
from faststyle.errors import UserError
from tests.support.batches import Pictures, batches, content_data


def nothing(index: int) -> None:
    pass


def kill_first(times: int, folder: Path, at: int) -> Callable[[int], None]:
    """Kills the process that loads photo `at`, the first so many times."""

    def misbehave(index: int) -> None:
        done = len(list(folder.iterdir()))
        if index == at and done < times and get_worker_info() is not None:
            (folder / str(done)).touch()
            os.kill(os.getpid(), signal.SIGKILL)

    return misbehave


@pytest.fixture
def deaths(tmp_path: Path) -> Path:
    (tmp_path / "deaths").mkdir()
    return tmp_path / "deaths"


def test_a_loader_that_is_killed_costs_no_batch(
    deaths: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    undisturbed = batches(content_data(Pictures(nothing)), steps=8)
    killed = content_data(Pictures(kill_first(1, deaths, at=5)), num_workers=2)
    got = batches(killed, steps=8)
    assert len(list(deaths.iterdir())) == 1
    assert len(got) == 8
    assert all(torch.equal(one, other) for one, other in zip(got, undisturbed, strict=True))
    line = capsys.readouterr().err
    assert "A loader process died" in line
    assert "going on with 1" in line


def test_loaders_that_die_again_and_again_end_the_run_in_one_line(deaths: Path) -> None:
    content = content_data(Pictures(kill_first(100, deaths, at=5)), num_workers=2)
    with pytest.raises(LoaderDied, match=r"died 3 times in a row .*data\.num_workers=0") as caught:
        batches(content, steps=8)
    assert "\n" not in str(caught.value)
    assert "resume=" in str(caught.value)


def test_no_usable_photo_is_one_line_from_a_loader_process_too(tmp_path: Path) -> None:
    def gone(index: int) -> None:
        if get_worker_info() is not None:
            raise FileNotFoundError(f"no {index}")

    content = content_data(Pictures(gone), num_workers=1)
    with pytest.raises(UserError) as caught:
        batches(content, steps=8)
    assert str(caught.value).startswith("none of 7 photos can be used; the first: photo")
    assert "\n" not in str(caught.value)
