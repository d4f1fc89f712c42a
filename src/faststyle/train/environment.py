"""Which launcher, if any, started this process: read from its environment variables.

torchrun and srun start all processes of a run and number them. Without a launcher, Lightning starts
the others on this machine, and its children know themselves by LOCAL_RANK. The same variables also
linger in shells and containers where nothing of the kind happened. Here alone is decided what they
mean; Lightning is given the answer and does not look for itself.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Literal

from faststyle.errors import UserError

# Of Lightning's children; the first alone can be left over from anything.
LIGHTNING_CHILD = ("LOCAL_RANK", "NODE_RANK", "MASTER_ADDR", "MASTER_PORT")
INTERACTIVE = ("bash", "interactive")  # names of SLURM jobs that are shells
MAX_STEP_ID = 0xFFFFFFF0  # of SLURM; ids above are of batch scripts and interactive shells
ADVICE = "unset it, or start all processes with torchrun or srun"


@dataclass(frozen=True)
class Place:
    """Where this process stands among those that train together.

    Args:
        launcher: of all processes; None where each machine's first process starts its others.
        is_first: whether this process writes for all of them.
        local_rank: number of the process on its machine, from 0.
        machine: number of its machine, from 0.
        layout: processes a machine, and machines, as the launcher started them; otherwise None.
    """

    launcher: Literal["torchrun", "srun"] | None
    is_first: bool
    local_rank: int = 0
    machine: int = 0
    layout: tuple[int, int] | None = None


def find_place(variables: Mapping[str, str]) -> Place:
    """Return the place of the process with these environment variables; empty ones are unset.

    Raises:
        UserError: the variables are incomplete or contradict each other.
    """
    given = {name: value for name, value in variables.items() if value.strip()}
    if "TORCHELASTIC_RUN_ID" in given:
        return _under_torchrun(given)
    if _is_srun(given):
        return _under_srun(given)
    return _without_launcher(given)


def drop_stray_variables(variables: MutableMapping[str, str]) -> None:
    """Remove what has no meaning at this process's place, so that no library takes it for one.

    Raises:
        UserError: the variables are incomplete or contradict each other.
    """
    launcher = find_place(variables).launcher
    if launcher == "torchrun":
        return
    stray = ["RANK", "GROUP_RANK"]
    if launcher is None:
        stray.append("SLURM_PROCID")
    if launcher == "srun" or not all(variables.get(name, "").strip() for name in LIGHTNING_CHILD):
        stray.append("LOCAL_RANK")
    numbers = ("NODE_RANK", "WORLD_SIZE", "MASTER_PORT")
    stray += [name for name in numbers if not variables.get(name, "").strip()]
    for name in stray:
        variables.pop(name, None)


def _under_torchrun(given: Mapping[str, str]) -> Place:
    names = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")
    missing = [name for name in names if name not in given]
    if missing:
        raise UserError(
            f"TORCHELASTIC_RUN_ID is set as by torchrun, but not {', '.join(missing)}; {ADVICE}"
        )
    rank, local_rank, processes, local = (_number(given, name) for name in names)
    _check_rank("RANK", rank, "WORLD_SIZE", processes)
    _check_rank("LOCAL_RANK", local_rank, "LOCAL_WORLD_SIZE", local)
    machines = _divide("WORLD_SIZE", processes, "LOCAL_WORLD_SIZE", local)
    return Place("torchrun", rank == 0, local_rank, rank // local, (local, machines))


def _is_srun(given: Mapping[str, str]) -> bool:
    """Whether SLURM started several processes, and this is one of them.

    Raises:
        UserError: several were asked for, but this one was not started by srun.
    """
    if _number(given, "SLURM_NTASKS", 1) == 1:
        return False
    if given.get("SLURM_JOB_NAME") in INTERACTIVE or "SLURM_PTY_PORT" in given:
        if _number(given, "SLURM_PROCID") > 0:
            raise UserError(
                f"SLURM_PROCID={given['SLURM_PROCID']}: srun started several processes in an "
                "interactive job; give srun a name for them, such as --job-name=train"
            )
        return False
    if _number(given, "SLURM_STEP_ID", MAX_STEP_ID) >= MAX_STEP_ID:
        raise UserError(
            f"SLURM_NTASKS={given['SLURM_NTASKS']}: SLURM gave this job several tasks, but "
            "srun did not start this process; start it with srun, or ask for --ntasks=1"
        )
    return True


def _under_srun(given: Mapping[str, str]) -> Place:
    names = ("SLURM_PROCID", "SLURM_LOCALID", "SLURM_NTASKS", "SLURM_NNODES")
    missing = [name for name in names if name not in given]
    if missing:
        raise UserError(f"SLURM_STEP_ID is set as by srun, but not {', '.join(missing)}; {ADVICE}")
    rank, local_rank, processes, machines = (_number(given, name) for name in names)
    _check_rank("SLURM_PROCID", rank, "SLURM_NTASKS", processes)
    local = _divide("SLURM_NTASKS", processes, "SLURM_NNODES", machines)
    _check_rank("SLURM_LOCALID", local_rank, "tasks per node", local)
    return Place("srun", rank == 0, local_rank, _number(given, "SLURM_NODEID"), (local, machines))


def _without_launcher(given: Mapping[str, str]) -> Place:
    rank, processes = _number(given, "RANK"), _number(given, "WORLD_SIZE", 1)
    if rank > 0 or ("RANK" in given and processes > 1):
        named = " ".join(
            f"{name}={given[name]}" for name in ("RANK", "WORLD_SIZE") if name in given
        )
        raise UserError(f"{named} is set, but torchrun did not start this process; {ADVICE}")
    if _number(given, "OMPI_COMM_WORLD_SIZE", 1) > 1:
        raise UserError(
            "OMPI_COMM_WORLD_SIZE is set: processes started by mpirun cannot train together; "
            "start them with torchrun or srun"
        )
    _number(given, "MASTER_PORT")  # Lightning reads it as a number
    local_rank, machine = _number(given, "LOCAL_RANK"), _number(given, "NODE_RANK")
    if local_rank > 0 and not all(name in given for name in LIGHTNING_CHILD):
        raise UserError(
            f"LOCAL_RANK={local_rank} is set, but no launcher started this process; {ADVICE}"
        )
    return Place(None, local_rank == 0 and machine == 0, local_rank, machine)


def _number(given: Mapping[str, str], name: str, unset: int = 0) -> int:
    value = given.get(name)
    if value is None:
        return unset
    if not (value.isascii() and value.isdigit() and len(value) <= 10):
        raise UserError(f"{name}={value!r}: must be a whole number of at least 0; {ADVICE}")
    return int(value)


def _check_rank(name: str, rank: int, size_name: str, size: int) -> None:
    if rank >= size:
        raise UserError(f"{name}={rank}: must be below {size_name}, which is {size}; {ADVICE}")


def _divide(name: str, total: int, divisor_name: str, divisor: int) -> int:
    if divisor < 1 or total % divisor:
        raise UserError(
            f"{name}={total}: must be a multiple of {divisor_name}, which is {divisor}: every "
            "machine has to run as many processes as the others"
        )
    return total // divisor
