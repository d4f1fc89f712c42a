"""Run folders of several processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from faststyle.checkpoints.run_folder import new_run_dir


def test_many_processes_never_share_a_new_folder(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: new_run_dir(tmp_path, "udnie"), range(40)))
    assert len(set(made)) == 40
