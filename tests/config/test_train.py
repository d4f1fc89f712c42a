"""Settings of train: everything in conf/ fits the schema."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml
from omegaconf import MISSING

from faststyle.config import train
from faststyle.files.paths import CONF_DIR
from faststyle.losses.architectures import ARCHITECTURES
from faststyle.losses.functional import FORMULAS
from tests.support.runs import compose_config

PAINTINGS = {
    "starry_night",
    "great_wave",
    "the_scream",
    "composition_vii",
    "udnie",
    "shipwreck_of_the_minotaur",
    "wheat_field_with_cypresses",
    "the_kiss",
    "water_lilies",
    "mondrian_composition",
}
GROUP_FILES = sorted(
    path.relative_to(CONF_DIR).with_suffix("") for path in CONF_DIR.glob("*/*.yaml")
)
# What a file leaves for the user to give.
GIVEN = {
    "style=custom": ["style.name=mine", "style.image=painting.jpg"],
    "data=folder": ["data.path=photos/"],
}


# --- what ships -------------------------------------------------------------------------------


@pytest.mark.parametrize("file", GROUP_FILES, ids=str)
def test_every_file_of_conf_composes_and_parses(file: Path) -> None:
    choice = f"{file.parent}={file.name}"
    config = compose_config(choice, *GIVEN.get(choice, []))
    assert config.loss.formula in FORMULAS
    assert config.loss_network.name in ARCHITECTURES


def test_the_names_in_conf_are_those_the_code_knows() -> None:
    """A formula or loss network without a file, or the other way round, is a mistake of ours."""

    def names(group: str) -> set[str]:
        return {file.name for file in GROUP_FILES if str(file.parent) == group}

    assert names("loss") >= set(FORMULAS)
    assert names("loss_network") >= set(ARCHITECTURES)
    assert names("style") == PAINTINGS | {"custom"}


@pytest.mark.parametrize("preset", ["gatys2016", "johnson2016", "pytorch_examples", "engstrom2016"])
def test_presets_bring_their_loss_network_and_keep_their_layers(preset: str) -> None:
    config = compose_config(f"loss={preset}")
    expected = "vgg16" if preset in ("johnson2016", "pytorch_examples") else "vgg19"
    assert config.loss_network.name == expected
    assert config.loss.formula == preset


def test_the_default_layers_follow_the_loss_network() -> None:
    config = compose_config("loss_network=squeezenet")
    assert config.loss.content_layers == ["fire5"]
    assert config.loss.style_layers == ["relu1", "fire2", "fire4", "fire6", "fire9"]


@pytest.mark.parametrize("name", sorted(PAINTINGS))
def test_a_painting_is_a_short_file_that_credits_it(name: str) -> None:
    path = CONF_DIR / "style" / f"{name}.yaml"
    assert len(path.read_text().splitlines()) <= 12
    style = compose_config(f"style={name}").style
    assert style.name == name
    assert style.title
    assert style.artist
    assert 1400 < (style.year or 0) < 1960
    assert style.rights


def test_a_style_file_of_ones_own_through_config_dir(train_cli, tmp_path: Path) -> None:
    folder = tmp_path / "mine" / "style"
    folder.mkdir(parents=True)
    (folder / "cats.yaml").write_text(
        "name: cats\ntitle: Cats\nartist: me\nyear: 2026\n"
        "rights: mine\nimage: cats.jpg\nsize: 256\n"
    )
    outcome = train_cli("--config-dir", str(tmp_path / "mine"), "style=cats", "--cfg", "job")
    assert outcome.code == 0, outcome.err
    assert yaml.safe_load(outcome.out)["style"]["title"] == "Cats"


def test_a_value_stands_once_in_conf_and_never_in_the_code() -> None:
    """Schema fields have no defaults; None marks a key that a file may leave out."""
    classes = [c for c in vars(train).values() if dataclasses.is_dataclass(c)]
    assert len(classes) >= 7
    for schema in classes:
        for field in dataclasses.fields(schema):
            assert field.default in (MISSING, None), f"{schema}.{field.name}"
            assert field.default_factory is dataclasses.MISSING


# --- the report -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("experiment", "init_from", "checkpoint_name"),
    [
        ("quickstart", None, "great_wave_quickstart"),
        ("restyle", "nearest", "great_wave_quickstart"),
        ("gallery", "starry_night", "great_wave"),
        ("gallery_first", None, "great_wave"),
    ],
)
def test_experiments_override_the_values_of_train_yaml_itself(
    experiment: str, init_from: str | None, checkpoint_name: str
) -> None:
    config = compose_config("style=great_wave", f"experiment={experiment}")
    assert (config.init_from, config.checkpoint_name) == (init_from, checkpoint_name)
    assert compose_config(f"experiment={experiment}", "init_from=a").init_from == "a"
