"""Options with nonsense of the right and the wrong type: one line and exit code 2, or it works."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.commands import one_line
from tests.support.pictures import noise_picture

NUMBERS = st.one_of(
    st.sampled_from(["nan", "inf", "-inf", "1e400", "-0", "0x10", "1_000", "²", "٣", "9" * 5000]),
    st.floats(-10, 10).map(str),
    st.integers(-(10**30), 10**30).map(str),
)
# As the system passes them: no NUL, and bytes that are no UTF-8 as surrogates.
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=8
) | st.sampled_from(
    ["", " ", "-", "--", "\n", "caf\udce9", "x" * 300, "[", "**", "%s", "~", "null", "true"]
)
FILES = TEXTS.filter(lambda text: "/" not in text) | st.sampled_from(
    ["dog.png", "nowhere/x.png", ".", "folder", "text.png", "net.pth", "empty.jpg", "loop.jpg"]
)
VALUES = {
    **dict.fromkeys(
        ("--strength", "--stroke-scale", "--grain", "--feather", "--scale"), NUMBERS | TEXTS
    ),
    "--max-size": NUMBERS | TEXTS,
    "--max-memory": NUMBERS | TEXTS | st.sampled_from(["0", "3GB", "1e3", "-1GB", "1 XB"]),
    "--mask": FILES | st.just("alpha"),
    "--ckpt": FILES,
    "--device": TEXTS | st.sampled_from(["cpu:7", "cuda:99", "meta", "cpu", "hpu", "mps", "cpu\n"]),
    # Never a folder that is there: it would be watched for ever.
    "--watch": st.sampled_from(["", "nowhere", "dog.png", "loop.jpg", "x" * 300]),
    "--output": st.sampled_from(
        ["", ".", "out", "out.png", "out.xyz", ".png", "a\nb", "x" * 300, "dog.png", "text.png/x"]
    ),
}
FLAGS = ("--invert-mask", "--keep-color", "--match-color", "--recursive", "--skip-existing")
OPTIONS = st.one_of(
    *(st.tuples(st.just(name), values) for name, values in VALUES.items()),
    st.sampled_from([(flag,) for flag in (*FLAGS, "--overwrite", "--list", "--describe", "--odd")]),
)


@pytest.fixture
def around(here: Path) -> Path:
    """One photo, and what is none."""
    (here / "cat.jpg").unlink()
    (here / "folder").mkdir()
    (here / "text.png").write_text("no picture")
    (here / "empty.jpg").touch()
    (here / "loop.jpg").symlink_to("loop.jpg")
    torch.save({"in1.weight": torch.ones(2)}, here / "net.pth")
    noise_picture(0, 16, 12).save("dog.png")
    return here


@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(options=[("--device", "meta")], photo="dog.png")
@example(options=[("--max-size", "²")], photo="dog.png")
@example(options=[("--max-memory", "9" * 5000)], photo="dog.png")
@example(options=[("--mask", "loop.jpg")], photo="dog.png")
@example(options=[("--ckpt", ""), ("--mask", "dog.png"), ("--mask", "dog.png")], photo="dog.png")
@given(options=st.lists(OPTIONS, max_size=3), photo=FILES)
def test_any_options(options: list[tuple[str, ...]], photo: str, infer, around: Path) -> None:
    arguments = [part for option in options for part in option]
    before = (around / "text.png").read_text()
    outcome = infer(*arguments, "--", photo)
    if outcome.code == 1:
        assert "photos failed" in outcome.err, outcome
    else:
        assert outcome.code in (0, 2), outcome
    if outcome.code == 2:
        assert outcome.err.splitlines()[-1].startswith("infer: "), outcome
    assert all(line.startswith("infer: ") for line in outcome.err.splitlines()), outcome
    assert (around / "text.png").read_text() == before


@pytest.mark.parametrize("option", ["--output", "--mask", "--watch", "--ckpt", "photo"])
def test_an_empty_name_is_not_the_current_folder(option: str, infer, around: Path) -> None:
    arguments = ("",) if option == "photo" else ("dog.png", option, "")
    assert "the name is empty; give . for the current folder" in one_line(infer(*arguments))


@pytest.mark.parametrize("options", [(), ("--describe",)])
def test_another_projects_network_is_to_be_imported(options, infer, around: Path) -> None:
    message = one_line(infer(*options, *(() if options else ("dog.png",)), ckpt="net.pth"))
    assert "net.pth: not a style checkpoint" in message
    assert "faststyle-import net.pth --name net" in message


def test_without_a_home_folder(around: Path, ckpt: Path) -> None:
    """As in a container that runs under a number that no user has."""
    program = (
        "import os, pwd, sys\n"
        "def nobody(*_): raise KeyError('no such user')\n"
        "pwd.getpwuid = pwd.getpwnam = nobody\n"
        "from faststyle.infer.command import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = ["--ckpt", str(ckpt), "--device", "cpu", "dog.png", "--output", "out.png"]
    done = subprocess.run(
        [sys.executable, "-c", program, *command],
        cwd=around,
        env={key: value for key, value in os.environ.items() if key not in ("HOME", "USER")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
