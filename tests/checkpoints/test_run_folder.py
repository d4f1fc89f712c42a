"""Run folders: the names of their files, new ones, and the newest that can be resumed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from faststyle.checkpoints.run_folder import RunFolder
from faststyle.errors import UserError


def test_every_file_of_a_run_has_a_name(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    names = {
        "config": run.config,
        "last": run.last,
        "previous": run.previous,
        "previews": run.previews,
        "skipped": run.skipped,
        "sample": run.sample,
        "style": run.style("great_wave"),
    }
    assert {key: path.name for key, path in names.items()} == {
        "config": "config.yaml",
        "last": "last.ckpt",
        "previous": "previous.ckpt",
        "previews": "previews",
        "skipped": "skipped.txt",
        "sample": "landscape.jpg",
        "style": "great_wave.safetensors",
    }
    assert {path.parent for path in names.values()} == {tmp_path}


def test_a_new_run_never_takes_the_folder_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "strftime", lambda _: "2026-01-31_12-00-00")
    runs = [RunFolder.create(tmp_path, "mine") for _ in range(3)]
    assert [run.path.name for run in runs] == [
        "2026-01-31_12-00-00",
        "2026-01-31_12-00-00_2",
        "2026-01-31_12-00-00_3",
    ]
    assert all(run.path.is_dir() for run in runs)


def test_no_name_left_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(self: Path, *args: object, exist_ok: bool = False, **kwargs: object) -> None:
        if not exist_ok:
            raise FileExistsError

    monkeypatch.setattr(Path, "mkdir", taken)
    with pytest.raises(UserError, match="runs of this second; give another runs_dir"):
        RunFolder.create(tmp_path, "mine")


@pytest.mark.parametrize(
    ("files", "resumable"),
    [
        (["config.yaml", "last.ckpt"], True),
        (["config.yaml", "previous.ckpt"], True),
        (["config.yaml"], False),
        (["last.ckpt"], False),
    ],
)
def test_settings_and_one_checkpoint_can_be_resumed(
    files: list[str], resumable: bool, tmp_path: Path
) -> None:
    for name in files:
        (tmp_path / name).touch()
    assert RunFolder(tmp_path).has_checkpoint() is resumable


def test_the_newest_run_comes_first(tmp_path: Path) -> None:
    names = [f"2026-01-31_12-00-00{number}" for number in ("", "_2", "_10")]
    for name in [*names, "2026-01-30_23-59-59"]:
        run = RunFolder(tmp_path / "mine" / name)
        run.path.mkdir(parents=True)
        run.config.touch()
        run.last.touch()
    (tmp_path / "mine" / "2026-02-01_00-00-00").mkdir()  # nothing to resume from
    found = [run.path.name for run in RunFolder.newest_first(tmp_path, "mine")]
    assert found == [*reversed(names), "2026-01-30_23-59-59"]
    assert RunFolder.newest_first(tmp_path, "other") == []


def test_runs_that_start_at_once_have_folders_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: RunFolder.create(tmp_path, "udnie").path, range(40)))
    assert len(set(made)) == 40
