"""Which launcher started this process, by the variables that launchers and shells set."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment

from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.errors import UserError
from faststyle.train.environment import Place, drop_stray_variables, find_place
from faststyle.train.launch import cluster_environment, resolve
from tests.support.commands import Outcome, RunCli
from tests.support.runs import compose_config

TORCHRUN = {
    "TORCHELASTIC_RUN_ID": "none",
    "RANK": "5",
    "LOCAL_RANK": "1",
    "WORLD_SIZE": "8",
    "LOCAL_WORLD_SIZE": "4",
    "GROUP_RANK": "1",
    "MASTER_ADDR": "10.0.0.1",
    "MASTER_PORT": "29500",
}
SBATCH = {  # of a batch script, before any srun
    "SLURM_JOB_ID": "7",
    "SLURM_JOB_NAME": "job.sh",
    "SLURM_NTASKS": "8",
    "SLURM_NNODES": "2",
    "SLURM_PROCID": "0",
    "SLURM_LOCALID": "0",
    "SLURM_NODEID": "0",
    "SLURM_JOB_NODELIST": "localhost",
}
SRUN = SBATCH | {
    "SLURM_STEP_ID": "0",
    "SLURM_PROCID": "6",
    "SLURM_LOCALID": "2",
    "SLURM_NODEID": "1",
}
SHELL = SBATCH | {"SLURM_JOB_NAME": "bash", "SLURM_STEP_ID": "0"}
CHILD = {"LOCAL_RANK": "1", "NODE_RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}
ALONE = Place(None, is_first=True)


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({}, ALONE),
        (TORCHRUN, Place("torchrun", False, 1, 1, (4, 2))),
        (TORCHRUN | {"RANK": "0", "LOCAL_RANK": "0"}, Place("torchrun", True, 0, 0, (4, 2))),
        (SBATCH | TORCHRUN, Place("torchrun", False, 1, 1, (4, 2))),
        (SRUN, Place("srun", False, 2, 1, (4, 2))),
        (SRUN | {"SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0", "RANK": "3"},
         Place("srun", True, 0, 0, (4, 2))),
        (SBATCH | {"SLURM_NTASKS": "1"}, ALONE),
        (SRUN | {"SLURM_NTASKS": "1", "SLURM_PROCID": "0"}, ALONE),
        (SHELL, ALONE),
        (SHELL | {"SLURM_JOB_NAME": "interactive", "SLURM_STEP_ID": "4294967290"}, ALONE),
        (SHELL | {"SLURM_JOB_NAME": "zsh", "SLURM_PTY_PORT": "40001"}, ALONE),
        (CHILD, Place(None, False, 1, 0)),
        (SHELL | CHILD, Place(None, False, 1, 0)),
        (CHILD | {"LOCAL_RANK": "0", "WORLD_SIZE": "2"}, ALONE),
        ({"NODE_RANK": "1", "MASTER_ADDR": "10.0.0.1"}, Place(None, False, 0, 1)),
        # Left over, and without a consequence:
        ({"RANK": "", "WORLD_SIZE": " ", "LOCAL_RANK": "", "SLURM_NTASKS": ""}, ALONE),
        ({"RANK": "0"}, ALONE),
        ({"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0"}, ALONE),
        ({"WORLD_SIZE": "4", "MASTER_ADDR": "localhost"}, ALONE),
        ({"SLURM_PROCID": "3"}, ALONE),
    ],
)  # fmt: skip
def test_the_place_of_a_process(variables: dict[str, str], place: Place) -> None:
    assert find_place(variables) == place


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"RANK": "1"}, "RANK=1 is set, but torchrun did not start this process; unset it, or"),
        ({"RANK": "0", "WORLD_SIZE": "2"}, "RANK=0 WORLD_SIZE=2 is set, but torchrun did not"),
        ({"RANK": "-1"}, "RANK='-1': must be a whole number of at least 0; unset it"),
        ({"RANK": "first"}, "RANK='first': must be a whole number"),
        ({"RANK": "9" * 5000}, "must be a whole number"),
        ({"RANK": "²"}, "must be a whole number"),
        ({"LOCAL_RANK": "1"}, "LOCAL_RANK=1 is set, but no launcher started this process"),
        ({"NODE_RANK": "1.5"}, "NODE_RANK='1.5': must be a whole number"),
        ({"MASTER_PORT": "http"}, "MASTER_PORT='http': must be a whole number"),
        ({"OMPI_COMM_WORLD_SIZE": "2"}, "mpirun cannot train together"),
        ({"TORCHELASTIC_RUN_ID": "none"}, "not RANK, LOCAL_RANK, WORLD_SIZE, LOCAL_WORLD_SIZE"),
        (TORCHRUN | {"RANK": ""}, "but not RANK; unset it"),
        (TORCHRUN | {"RANK": "8"}, "RANK=8: must be below WORLD_SIZE, which is 8"),
        (TORCHRUN | {"LOCAL_RANK": "4"}, "LOCAL_RANK=4: must be below LOCAL_WORLD_SIZE"),
        (TORCHRUN | {"LOCAL_WORLD_SIZE": "3"}, "must be a multiple of LOCAL_WORLD_SIZE"),
        (SBATCH, "srun did not start this process; start it with srun, or ask for --ntasks=1"),
        (SBATCH | {"SLURM_STEP_ID": "4294967291"}, "srun did not start this process"),
        (SRUN | {"SLURM_PROCID": ""}, "SLURM_STEP_ID is set as by srun, but not SLURM_PROCID"),
        (SRUN | {"SLURM_NTASKS": "two"}, "SLURM_NTASKS='two': must be a whole number"),
        (SRUN | {"SLURM_NTASKS": "7"}, "SLURM_NTASKS=7: must be a multiple of SLURM_NNODES"),
        (SRUN | {"SLURM_NNODES": "0"}, "SLURM_NTASKS=8: must be a multiple of SLURM_NNODES"),
        (SRUN | {"SLURM_PROCID": "8"}, "SLURM_PROCID=8: must be below SLURM_NTASKS"),
        (SHELL | {"SLURM_PROCID": "1"}, "in an interactive job; give srun a name"),
    ],
)
def test_incomplete_and_contradictory_variables_are_refused(
    variables: dict[str, str], complaint: str
) -> None:
    with pytest.raises(UserError) as refused:
        find_place(variables)
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("variables", "dropped"),
    [
        (TORCHRUN, set()),
        (SRUN | {"RANK": "6", "LOCAL_RANK": "2"}, {"RANK", "LOCAL_RANK"}),
        (SHELL, {"SLURM_PROCID"}),
        (CHILD | {"WORLD_SIZE": "2"}, set()),
        ({"RANK": "", "LOCAL_RANK": "0", "GROUP_RANK": "1"}, {"RANK", "LOCAL_RANK", "GROUP_RANK"}),
        ({"MASTER_PORT": "", "NODE_RANK": "1", "WORLD_SIZE": " "}, {"MASTER_PORT", "WORLD_SIZE"}),
    ],
)
def test_stray_variables_are_dropped_and_the_others_stay(
    variables: dict[str, str], dropped: set[str]
) -> None:
    left = dict(variables)
    drop_stray_variables(left)
    assert left == {name: value for name, value in variables.items() if name not in dropped}
    assert find_place(left) == find_place(variables)


@pytest.mark.parametrize(
    ("variables", "environment"),
    [
        (TORCHRUN, TorchElasticEnvironment),
        (SRUN, SLURMEnvironment),
        (SHELL, LightningEnvironment),
        ({}, LightningEnvironment),
    ],
)
def test_lightning_is_given_the_same_answer(
    variables: dict[str, str], environment: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_NTASKS_PER_NODE", "1")  # undone at the end
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    place = find_place(variables)
    told = cluster_environment(place)
    assert type(told) is environment
    if place.layout is not None:
        assert told.global_rank() == (6 if environment is SLURMEnvironment else 5)
        assert told.world_size() == 8
        told.validate_settings(num_devices=4, num_nodes=2)


@pytest.mark.parametrize("name", ["LOCAL_RANK", "NODE_RANK"])
def test_a_process_that_the_run_does_not_have_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in (CHILD | {"LOCAL_RANK": "0", name: "1"}).items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(UserError, match=f"{name}=1: must be below trainer"):
        resolve(compose_config("experiment=smoke", "trainer.accelerator=cpu"))


# --- in processes of their own ----------------------------------------------------------------


def finished_alone(outcome: Outcome, folder: Path) -> bool:
    runs = list((folder / "runs" / "starry_night").iterdir())
    style = folder / "checkpoints" / "starry_night.safetensors"
    return (outcome.code, outcome.err, len(runs), style.is_file()) == (0, "", 1, True)


def test_a_shell_of_slurm_starts_one_writer(
    run_cli: RunCli, smoke_overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (SHELL | {"RANK": "", "LOCAL_RANK": "0", "MASTER_PORT": ""}).items():
        monkeypatch.setenv(name, value)
    outcome = run_cli("train", *smoke_overrides)
    assert finished_alone(outcome, tmp_path), outcome


def test_two_tasks_of_srun_train_one_style(smoke_overrides: list[str], tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    step = SRUN | {"SLURM_NTASKS": "2", "SLURM_NNODES": "1", "SLURM_NODEID": "0"} | address
    tasks = [
        subprocess.Popen(
            [sys.executable, "-m", "train", *smoke_overrides, "trainer.strategy=ddp"],
            cwd=tmp_path,
            env={**os.environ, **step, "SLURM_PROCID": rank, "SLURM_LOCALID": rank},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in ("0", "1")
    ]
    printed = [task.communicate(timeout=300)[0] for task in tasks]
    assert [task.returncode for task in tasks] == [0, 0], printed
    assert printed[0].count("Style checkpoint:") == 1
    assert printed[1] == ""
    (run_dir,) = (tmp_path / "runs" / "starry_night").iterdir()
    training = read_checkpoint(run_dir / "starry_night.safetensors").metadata["training"]
    assert training["batch_size"] == 4  # two photos each


@pytest.mark.parametrize(
    "variables", [{"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost"}, SBATCH]
)
def test_half_a_launcher_is_one_line(
    variables: dict[str, str],
    run_cli: RunCli,
    smoke_overrides: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    outcome = run_cli("train", *smoke_overrides)
    assert outcome.code == 2, outcome
    assert outcome.err.startswith("train: ")
    assert outcome.err.count("\n") == 1
    assert not (tmp_path / "runs").exists()
