"""What importing and using faststyle brings into a process; each test looks at one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from faststyle import UserError, available_styles, load_style
from faststyle.files.paths import BUNDLED_STYLES
from tests.support.pictures import noise_picture

NOT_FOR_USING_A_STYLE = {
    "faststyle.losses",
    "faststyle.data",
    "faststyle.config",
    "hydra",
    "omegaconf",
    "pytorch_lightning",
    "datasets",
}


def output_of(code: str, *arguments: str, cwd: Path, **environment: str) -> list[str]:
    """The lines that `code` prints in a fresh interpreter without OMP_WAIT_POLICY."""
    inherited = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd, env=inherited | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_importing_changes_nothing_and_waits_for_nothing(tmp_path: Path) -> None:
    code = (
        "import os, sys; before = dict(os.environ)\n"
        "import faststyle\n"
        "print(dict(os.environ) == before, 'torch' in sys.modules, 'ctypes' in sys.modules)"
    )
    assert output_of(code, cwd=tmp_path) == ["True False False"]


def test_using_a_style_changes_no_environment_and_imports_little(tmp_path: Path) -> None:
    code = (
        "import os, sys; before = dict(os.environ)\n"
        "from faststyle import load_style; load_style('starry_night', 'cpu')\n"
        "changed = {k: v for k, v in os.environ.items() if before.get(k) != v}\n"
        "assert not any(key.startswith('OMP') for key in changed), changed\n"
        "print(*sys.modules, sep='\\n')"
    )
    imported = set(output_of(code, cwd=tmp_path))
    assert "faststyle.networks.transform_net" in imported
    assert imported.isdisjoint(NOT_FOR_USING_A_STYLE)


# Prints the policy at the moment that torch is asked for, and ends the process.
PROBE = """
import os, sys
class Probe:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            print("at torch:", os.environ.get("OMP_WAIT_POLICY"), flush=True)
            os._exit(0)
sys.meta_path.insert(0, Probe())
from faststyle.{}.command import main
print("imported")
main()
"""
COMMANDS = {
    "train": ["experiment=smoke", "trainer.accelerator=cpu"],
    "infer": ["--ckpt", "starry_night", "photo.png"],
    "optimize": ["content=photo.png", "style=starry_night", "loss_network=compact"],
    "evaluate": [
        *("--ckpt", "starry_night.safetensors", "--images", "."),
        *("--loss-weights", "bundled"),
    ],
    "convert": ["photo.png", "--name", "mine"],
    "compare": ["starry_night", "--photos", "photo.png"],
    "explore": ["--style-image", "photo.png"],
    "export": ["--ckpt", "starry_night", "--output", "starry_night.onnx"],
    "serve": ["--port", "0"],
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("users", [None, "ACTIVE"])
def test_every_command_lets_idle_threads_sleep_before_torch_is_imported(
    command: str, users: str | None, tmp_path: Path
) -> None:
    noise_picture(0).save(tmp_path / "photo.png")
    environment = {} if users is None else {"OMP_WAIT_POLICY": users}
    lines = output_of(PROBE.format(command), *COMMANDS[command], cwd=tmp_path, **environment)
    assert lines[0] == "imported"
    assert lines[-1] == f"at torch: {users or 'PASSIVE'}"


def test_a_program_can_list_styles_and_catch_a_users_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert available_styles()["starry_night"] == BUNDLED_STYLES / "starry_night.safetensors"
    with pytest.raises(UserError, match=r"no such checkpoint: stary_night;.*'starry_night'"):
        load_style("stary_night")


def test_every_public_name_is_there() -> None:
    import faststyle

    assert all(getattr(faststyle, name) is not None for name in faststyle.__all__)
    with pytest.raises(AttributeError, match="no attribute 'load_styles'"):
        faststyle.load_styles  # noqa: B018
