"""Settings: everything in conf/ fits the schema, and each kind of mistake has its line."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import MISSING

from faststyle.config import train as config_module
from faststyle.config.parsing import raise_user_error
from faststyle.config.train import TrainConfig, parse
from faststyle.errors import UserError
from faststyle.files.paths import CONF_DIR
from faststyle.losses.architectures import ARCHITECTURES
from faststyle.losses.functional import FORMULAS

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


def settings(*overrides: str) -> TrainConfig:
    """As `python -m train OVERRIDES` reads them."""
    try:
        with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
            return parse(compose("train", list(overrides)))
    except HydraException as error:
        raise_user_error(error)


def complaint(*overrides: str) -> str:
    with pytest.raises(UserError) as caught:
        settings(*overrides)
    message = str(caught.value)
    assert "\n" not in message
    return message


# --- what ships -------------------------------------------------------------------------------


@pytest.mark.parametrize("file", GROUP_FILES, ids=str)
def test_every_file_of_conf_composes_and_parses(file: Path) -> None:
    choice = f"{file.parent}={file.name}"
    config = settings(choice, *GIVEN.get(choice, []))
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
    config = settings(f"loss={preset}")
    expected = "vgg16" if preset in ("johnson2016", "pytorch_examples") else "vgg19"
    assert config.loss_network.name == expected
    assert config.loss.formula == preset


def test_the_default_layers_follow_the_loss_network() -> None:
    config = settings("loss_network=squeezenet")
    assert config.loss.content_layers == ["fire5"]
    assert config.loss.style_layers == ["relu1", "fire2", "fire4", "fire6", "fire9"]


@pytest.mark.parametrize("name", sorted(PAINTINGS))
def test_a_painting_is_a_short_file_that_credits_it(name: str) -> None:
    path = CONF_DIR / "style" / f"{name}.yaml"
    assert len(path.read_text().splitlines()) <= 12
    style = settings(f"style={name}").style
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
    classes = [c for c in vars(config_module).values() if dataclasses.is_dataclass(c)]
    assert len(classes) >= 7
    for schema in classes:
        for field in dataclasses.fields(schema):
            assert field.default in (MISSING, None), f"{schema}.{field.name}"
            assert field.default_factory is dataclasses.MISSING


# --- mistakes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        # keys
        ("trainer.max_step=5", ["trainer.max_step:", "no such key", "did you mean 'max_steps'"]),
        ("+trainer.max_step=5", ["trainer.max_step:", "no such key", "did you mean 'max_steps'"]),
        ("+loss.styleweight=5", ["loss.styleweight:", "did you mean 'style_weight'"]),
        ("sed=1", ["sed:", "no such key", "did you mean 'seed'"]),
        # choices of a group
        ("style=stary_night", ["style:", "'stary_night'", "udnie", "did you mean 'starry_night'"]),
        ("network=ful", ["network:", "'ful'", "half", "did you mean 'full'"]),
        ("loss=relativ", ["loss:", "did you mean 'relative'"]),
        ("loss_network=vgg18", ["loss_network:", "'vgg18'", "squeezenet", "did you mean 'vgg1"]),
        ("experiment=smok", ["experiment:", "did you mean 'smoke'"]),
        # types
        ("trainer.max_steps=many", ["trainer.max_steps", "many"]),
        ("loss.tv_weight=[1]", ["loss.tv_weight"]),
        ("style.size=1.5", ["style.size", "1.5"]),
        ("trainer.progress_bar=perhaps", ["trainer.progress_bar", "perhaps"]),
        ("loss.style_layers=relu1_1", ["loss.style_layers"]),
        # ranges
        ("trainer.max_steps=0", ["trainer.max_steps:", "at least 1", "got 0"]),
        ("trainer.learning_rate=0", ["trainer.learning_rate:", "above 0", "got 0"]),
        ("trainer.learning_rate=nan", ["trainer.learning_rate:", "above 0"]),
        ("trainer.gradient_clip=-1", ["trainer.gradient_clip:", "above 0", "got -1"]),
        ("trainer.warmup_steps=-1", ["trainer.warmup_steps:", "at least 0"]),
        ("trainer.checkpoint_every=0", ["trainer.checkpoint_every:", "at least 1"]),
        ("loss.style_weight=-1", ["loss.style_weight:", "at least 0", "got -1"]),
        ("loss.content_weight=nan", ["loss.content_weight:", "at least 0"]),
        ("loss.style_layers=[]", ["loss.style_layers:", "at least one layer"]),
        ("data.batch_size=0", ["data.batch_size:", "at least 1", "got 0"]),
        ("data.image_size=8", ["data.image_size:", "at least 16", "got 8"]),
        ("data.num_images=0", ["data.num_images:", "at least 1"]),
        ("data.num_workers=-1", ["data.num_workers:", "at least 0"]),
        ("network.width=0", ["network.width:", "at least 1", "got 0"]),
        ("style.size=1", ["style.size:", "at least 16", "got 1"]),
        ("style.name=../oops", ["style.name:", "../oops", "letters, digits"]),
        # names in values
        ("trainer.precision=bf17", ["trainer.precision:", "'bf17'", "32, bf16, 16", "'bf16'"]),
        ("trainer.devices=al", ["trainer.devices:", "'al'", "auto"]),
        # values that only the user has
        ("style=custom", ["style.name", "needs a value", "style.name=..."]),
        ("data=folder", ["data.path", "needs a value", "data.path=..."]),
        ("network.width=???", ["network.width", "needs a value"]),
        # not Hydra's grammar
        ("seed=[1", ["seed=[1"]),
    ],
)
def test_a_mistake_is_one_line_with_the_key_and_what_is_allowed(
    override: str, parts: list[str]
) -> None:
    message = complaint(override)
    for part in parts:
        assert part in message, message


def test_a_negative_seed_is_refused_by_its_key() -> None:
    assert re.match(r"seed: must be at least 0, got -1", complaint("seed=-1"))


def test_seed_zero_is_a_seed() -> None:
    assert settings("seed=0").seed == 0
    assert settings("seed=7").seed == 7


def test_numbers_for_strings_are_taken_as_typed() -> None:
    """`precision=16` and `style.name=1889` read naturally, though YAML sees numbers."""
    assert settings("trainer.precision=16").trainer.precision == "16"
    assert settings("style=custom", "style.name=1889", "style.image=a.jpg").style.name == "1889"


# --- answers without the wait for torch -------------------------------------------------------


@pytest.mark.parametrize("flags", [["--help"], ["--cfg", "job"]])
def test_help_and_cfg_answer_without_importing_torch(flags: list[str], tmp_path: Path) -> None:
    program = (
        "import sys, atexit\n"
        "atexit.register(lambda: print('HEAVY', sorted({m.split('.')[0] for m in sys.modules}"
        " & {'torch', 'pytorch_lightning', 'datasets', 'torchvision'})))\n"
        f"sys.argv = ['train', *{flags!r}]\n"
        "from faststyle.train.run import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("HEAVY []")
    assert done.stderr == ""
    assert "starry_night" in done.stdout
    assert "max_steps: 2000" in done.stdout
    assert list(tmp_path.iterdir()) == []
