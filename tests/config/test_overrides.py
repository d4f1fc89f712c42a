"""Names and paths reach the settings as they were typed, whatever characters they have."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from faststyle.config.overrides import quote_overrides
from faststyle.config.train import TEXT_KEYS, TrainConfig, parse
from faststyle.errors import UserError
from faststyle.files.paths import CONF_DIR, shell_command

NAMES = [
    "painting (1).jpg",
    "Gemälde.jpg",
    "it's.jpg",
    "a=b.jpg",
    "a,b.jpg",
    "a[1].jpg",
    "[all].jpg",
    "{a:b}.jpg",
    "絵 画.jpg",
    "C:\\pictures\\new one.jpg",
    "ends in a backslash\\",
    "quote\\'d.jpg",
    '"half quoted.jpg',
    "'half quoted.jpg",
    "$HOME.jpg",
    "007",
    "true",
    "1e5",
    "#1.png",
    " leading space",
    "~someone.jpg",
    "a\nb.jpg",
]


def parsed(*arguments: str) -> TrainConfig:
    overrides = quote_overrides(arguments, TEXT_KEYS)
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        return parse(compose("train", overrides=overrides))


@pytest.mark.parametrize("name", NAMES)
def test_a_file_name_arrives_as_it_is(name: str) -> None:
    assert parsed(f"style.image={name}").style.image == name


def test_braces_are_taken_as_they_are_where_a_file_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "a${style.name}.jpg"
    assert parsed(f"style.image={name}").style.image == "astarry_night.jpg"
    Path(name).touch()
    assert parsed(f"style.image={name}").style.image == name


@pytest.mark.parametrize("key", ["data.path", "runs_dir", "init_from", "loss_network.weights"])
def test_so_does_every_other_path(key: str) -> None:
    config = parsed("data=folder", "data.path=photos", f"{key}=José's photos (2024), a=b")
    section, _, name = key.rpartition(".")
    assert getattr(getattr(config, section) if section else config, name) == (
        "José's photos (2024), a=b"
    )


def test_the_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert parsed("style.image=~/a b.jpg").style.image == f"{tmp_path}/a b.jpg"


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("style.image=null", None),
        ("style.image='quoted already.jpg'", "quoted already.jpg"),
        ('style.image="a, b.jpg"', "a, b.jpg"),
        ("+style.image=${style.name}", "starry_night"),
    ],
)
def test_what_is_hydras_stays_hydras(argument: str, value: str | None) -> None:
    assert parsed(argument).style.image == value


def test_a_comma_separates_runs_of_a_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert quote_overrides(["-m", "style.image=a b.jpg,c.jpg"], TEXT_KEYS) == [
        "-m",
        "style.image='a b.jpg','c.jpg'",
    ]
    Path("a b.jpg,c.jpg").touch()
    assert quote_overrides(["-m", "style.image=a b.jpg,c.jpg"], TEXT_KEYS)[1] == (
        "style.image='a b.jpg,c.jpg'"
    )


def test_lists_of_paths_are_quoted_one_by_one() -> None:
    arguments = ["style.images=[a b.jpg, c(1).jpg]", "style.images=['x y.jpg',z]"]
    assert quote_overrides(arguments, [], ["style.images"]) == [
        "style.images=['a b.jpg','c(1).jpg']",
        "style.images=['x y.jpg',z]",
    ]


@pytest.mark.parametrize("argument", ["style=[starry_night,udnie]", "network=[half]"])
def test_a_list_of_choices_is_refused_and_names_the_sweep(argument: str) -> None:
    group, _, value = argument.partition("=")
    with pytest.raises(UserError, match=f"{group}: .* is a list") as error:
        quote_overrides([argument], TEXT_KEYS)
    assert f"-m {group}={value.strip('[]')}" in str(error.value)


@pytest.mark.parametrize("argument", ["network=null", "style=", "data=null", "loss=???"])
def test_no_choice_is_refused(argument: str) -> None:
    with pytest.raises(UserError, match="needs a choice"):
        quote_overrides([argument], TEXT_KEYS)
    assert quote_overrides(["experiment=null"], TEXT_KEYS) == ["experiment=null"]


@pytest.mark.parametrize("name", NAMES)
def test_printed_commands_can_be_pasted(name: str) -> None:
    assert shlex.split(shell_command("python", "-m", "infer", name))[-1] == name
