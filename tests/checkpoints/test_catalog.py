"""Styles by name: what --list shows, what --ckpt finds, how results are named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from faststyle import load_style
from faststyle.checkpoints import catalog
from faststyle.checkpoints.catalog import describe, find_style, result_name
from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.errors import UserError
from faststyle.infer.command import main
from tests.support.commands import Outcome, in_process


def test_description_is_for_people(checkpoint: Path) -> None:
    lines = describe(read_checkpoint(checkpoint).metadata).splitlines()
    assert "style:" in lines
    assert "  title: Tiny" in lines
    assert "  style_layers: relu1_1, relu2_1" in lines
    assert "  val/style_loss: 0.1235" in lines
    assert not any("None" in line or "artist" in line for line in lines)


@pytest.fixture
def at_hand(ckpt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a style `mine` in checkpoints/; `ours` and another `mine` are bundled."""
    monkeypatch.chdir(tmp_path)
    bundled = tmp_path / "package"
    bundled.mkdir()
    Path("checkpoints").mkdir()
    for path in (bundled / "ours", bundled / "mine", Path("checkpoints/mine")):
        shutil.copy(ckpt, f"{path}.safetensors")
    monkeypatch.setattr(catalog, "BUNDLED_STYLES", bundled)
    return tmp_path


def listed(capsys: pytest.CaptureFixture[str]) -> Outcome:
    return in_process("infer", lambda: main(["--list"]), capsys)


def test_the_list(at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(capsys).out.splitlines() == [
        "mine  A tiny painting (checkpoints/mine.safetensors)",
        "ours  A tiny painting (bundled)",
    ]


def test_an_empty_list(tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(catalog, "BUNDLED_STYLES", tmp_path / "nowhere")
    assert listed(capsys).out.startswith("no styles: ")


def test_the_shipped_styles_say_title_artist_and_year(capsys: pytest.CaptureFixture[str]) -> None:
    assert "The Starry Night, Vincent van Gogh, 1889 (vgg19; 1400 steps" in listed(capsys).out


def test_the_list_does_without_torch(tmp_path: Path) -> None:
    probe = "import faststyle.infer.command as i; i.main(['--list'])\n"
    probe += "import sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", probe], cwd=tmp_path, check=True, capture_output=True)


def test_hostile_files_have_a_line_each(at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path("checkpoints")
    shown = b"\x1b[2J"
    tensors = load_file(folder / "mine.safetensors")
    good = (folder / "mine.safetensors").read_bytes()
    (folder / "short.safetensors").write_bytes(good[:40])
    (folder / "huge.safetensors").write_bytes(b"\xff" * 8 + b"{}")
    Path(os.fsdecode(b"checkpoints/e" + shown + b"\n\xff.safetensors")).write_bytes(b"x")
    hostile = '{"format": 2, "network": {}, "style": {"title": "\\u001b[2J"}}'
    save_file(tensors, folder / "title.safetensors", metadata={"faststyle": hostile})
    save_file(tensors, folder / "deep.safetensors", metadata={"faststyle": "[" * 100_000})
    save_file(tensors, folder / "newer.safetensors", metadata={"faststyle": '{"format": 99}'})
    save_file(tensors, folder / "other.safetensors")
    (folder / "folder.safetensors").mkdir()
    (folder / "loop.safetensors").symlink_to("loop.safetensors")
    os.mkfifo(folder / "pipe.safetensors")
    outcome = listed(capsys)
    lines = outcome.out.splitlines()
    assert outcome.code == 0
    assert all(line.isprintable() and len(line) < 400 for line in lines)
    unreadable = {line.split("  ")[0] for line in lines if "  unreadable: " in line}
    assert unreadable == {"short", "huge", "e [2J", "title", "deep", "newer", "other"}
    assert len(lines) == len(unreadable) + 2


def test_an_existing_path_wins_then_the_users_own_then_the_bundled(at_hand: Path) -> None:
    assert find_style("ours") == at_hand / "package" / "ours.safetensors"
    assert find_style("mine") == Path("checkpoints/mine.safetensors")
    Path("mine").mkdir()  # a folder is no checkpoint
    assert find_style("mine") == Path("checkpoints/mine.safetensors")
    Path("ours").write_bytes(b"x")
    assert find_style("ours") == Path("ours")


@pytest.mark.parametrize("typo", ["ourz", "ours.safetensors", "elsewhere/ours.safetensors"])
def test_a_typo_has_its_closest_match(typo: str, at_hand: Path) -> None:
    with pytest.raises(UserError) as caught:
        find_style(typo)
    assert str(caught.value) == (
        f"no such checkpoint: {typo}; available styles: mine, ours; did you mean 'ours'?"
    )


def test_python_and_the_command_line_find_a_style_by_name(
    at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load_style("ours", "cpu").metadata["style"]["title"] == "A tiny painting"
    assert main(["--ckpt", "ours", "--describe"]) == 0
    assert "A tiny painting" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main(["--ckpt", "outs", "photo.jpg"])
    error = capsys.readouterr().err
    assert error.startswith("infer: no such checkpoint: outs")
    assert error.endswith("did you mean 'ours'?\n")


def test_results_are_named_after_the_styles() -> None:
    assert result_name([Path("a/one.safetensors"), Path("two.v2.safetensors")]) == "one+two_v2"


def test_results_of_a_training_checkpoint_are_named_after_its_run(tmp_path: Path) -> None:
    run_dir = tmp_path / "runs" / "mine" / "2026-01-31_12-00-00"
    run_dir.mkdir(parents=True)
    (run_dir / "config.yaml").touch()
    assert result_name([run_dir / "last.ckpt"]) == "mine"
    assert result_name([tmp_path / "kept.ckpt"]) == "kept"
