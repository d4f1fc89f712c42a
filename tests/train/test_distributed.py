"""Several processes on one run."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import torch
from torch import Tensor

from faststyle.checkpoints.style_checkpoint import read_checkpoint
from tests.support.commands import RunCli
from tests.support.runs import weights_of

TRAINING = ("trainer.max_steps=6", "trainer.checkpoint_every=3", "trainer.learning_rate=1e-4")
DDP = (*TRAINING, "trainer.strategy=ddp", "trainer.devices=2")


def mean_gradient(run_dir: Path) -> Tensor:
    """Adam's, of all weights together, after the last step.

    Not the weights: biases before a norm have a gradient of rounding errors, which Adam enlarges.
    """
    (state,) = torch.load(run_dir / "last.ckpt", weights_only=True)["optimizer_states"]
    return torch.cat([weight["exp_avg"].flatten() for weight in state["state"].values()])


def test_two_processes_train_as_one_with_the_whole_batch(
    run_cli: RunCli, train_cli, smoke_overrides: list[str], tmp_path: Path
) -> None:
    gradients = {}
    for batch in (4, 2):
        assert train_cli(*smoke_overrides, *TRAINING, f"data.batch_size={batch}").code == 0
        (run_dir,) = (tmp_path / "runs" / "starry_night").iterdir()
        gradients[batch] = mean_gradient(run_dir)
        shutil.rmtree(run_dir)

    outcome = run_cli("train", *smoke_overrides, *DDP)
    assert (outcome.code, outcome.err) == (0, ""), outcome
    (run_dir,) = (tmp_path / "runs" / "starry_night").iterdir()
    together, size = mean_gradient(run_dir), gradients[4].norm()
    assert (together - gradients[4]).norm() / size < 1e-3  # 3e-7 after one step, which grows
    assert (gradients[2] - gradients[4]).norm() / size > 1e-2

    # One of everything, however many processes.
    assert len(list(run_dir.glob("events.*"))) == 1
    for line in ("previews and TensorBoard events go to", "6 steps,", "Style checkpoint:"):
        assert outcome.out.count(line) == 1
    metadata = read_checkpoint(run_dir / "starry_night.safetensors").metadata
    assert metadata["training"]["batch_size"] == 4

    # Another process count at the same whole batch may go on with it, another batch may not.
    undisturbed = weights_of(run_dir)
    (run_dir / "last.ckpt").unlink()
    outcome = train_cli("resume=latest", "trainer.devices=1", "trainer.strategy=auto")
    assert outcome.code == 2
    assert "the batch of all processes together" in outcome.err
    outcome = _two_machines(tmp_path, "resume=latest")
    assert "Resuming at step 3 of 6" in outcome
    assert outcome.count("Style checkpoint:") == 1
    ended = weights_of(run_dir)
    assert all(torch.equal(ended[key], value) for key, value in undisturbed.items())


def _two_machines(folder: Path, *arguments: str) -> str:
    """torchrun twice, as on two machines of one process each; what both of them print."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1"]
    address = ["--master-addr=127.0.0.1", f"--master-port={port}"]
    nodes = [
        subprocess.Popen(
            [sys.executable, *command, f"--node-rank={rank}", *address, "-m", "train", *arguments],
            cwd=folder,
            env=os.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in (0, 1)
    ]
    printed = "".join(node.communicate(timeout=300)[0] for node in nodes)
    assert [node.returncode for node in nodes] == [0, 0], printed
    return printed
