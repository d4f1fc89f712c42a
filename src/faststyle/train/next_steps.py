"""The commands that a finished run suggests; each can be pasted into a shell and works.

Whatever the run needed that is not a default is in them: weights in a file, photos in a folder.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from faststyle.config.overrides import literal
from faststyle.config.train import StyleConfig, TrainConfig
from faststyle.files.paths import CONF_DIR, shell_command


def next_steps(config: TrainConfig, path: Path) -> list[tuple[str, str]]:
    """Return commands to run next, and what each gives.

    Args:
        config: of the finished run.
        path: its style checkpoint.
    """
    python = ("python", "-m")
    learn_more, gives = _learn_more(config, path)
    return [
        (shell_command(*python, "infer", "--ckpt", path, "photo.jpg"), "stylize a photo of yours"),
        (shell_command("tensorboard", "--logdir", config.runs_dir), "see how it was learned"),
        (shell_command(*python, "train", *learn_more), gives),
    ]


def _learn_more(config: TrainConfig, path: Path) -> tuple[list[str], str]:
    """Overrides of a run that starts from this one, and what it gives."""
    start = [f"init_from={path}", *_chosen("network", config), *_folders(config)]
    if config.loss_network.name != "compact":
        own = ["style=custom", "style.name=mine", "style.image=mine.jpg"]
        loss = _chosen("loss", config)
        # A preset brings a loss network of its own, unless one is given.
        preset = any(override.startswith("loss=") for override in loss)
        network = _chosen("loss_network", config, always=preset)
        return (
            [*own, *start, *network, *loss, *_chosen("data", config)],
            "learn a painting of your own, starting from this one",
        )
    photos = "COCO photos (1.3 GB to download, hours on a CPU)"
    data: list[str] = []
    if config.data.source != "synthetic":
        photos = "the same photos (0.6 GB to download, hours on a CPU)"
        data = _chosen("data", config)
    return (
        [*_style(config.style), *start, *data],
        f"continue with VGG-19 and {photos}: larger\n"
        "      motifs, finer strokes, more of the photo kept",
    )


def _style(style: StyleConfig) -> list[str]:
    """Return overrides that choose this style again, one that ships or the user's own."""
    chosen = [f"style={style.name}"]
    if not (CONF_DIR / "style" / f"{style.name}.yaml").is_file():
        chosen = ["style=custom", f"style.name={style.name}"]
    return [*chosen, *([f"style.image={style.image}"] if style.image is not None else [])]


def _folders(config: TrainConfig) -> list[str]:
    defaults = _train_yaml()
    folders = {key: getattr(config, key) for key in ("runs_dir", "checkpoint_dir")}
    return [f"{key}={path}" for key, path in folders.items() if path != defaults[key]]


def _chosen(group: str, config: TrainConfig, *, always: bool = False) -> list[str]:
    """Return overrides that choose this part of the settings again.

    Args:
        always: name the file of conf/`group`/ even where it is the default.
    """
    name, differing = _nearest(group, config)
    choice = [] if {group: name} in _defaults() and not always else [f"{group}={name}"]
    return choice + [f"{group}.{key}={_text(value)}" for key, value in differing.items()]


def _nearest(group: str, config: TrainConfig) -> tuple[str, dict[str, Any]]:
    """The file of conf/`group`/ that has most of these settings, and those that it has not."""
    settings = dataclasses.asdict(config)
    wanted = settings[group]
    # The style has no key for what it does not change: loss.style_weight asks for one.
    settings["style"] = {k: v for k, v in settings["style"].items() if v is not None}
    differing: dict[str, dict[str, Any]] = {}
    # The default first: it is taken where another file has as many.
    files = sorted(path.stem for path in (CONF_DIR / group).glob("*.yaml"))
    for name in sorted(files, key=lambda name: {group: name} not in _defaults()):
        # What it is interpolated from, such as loss.style_layers, is in the other settings.
        around = OmegaConf.create({**literal(settings), group: _composed(group, name)})
        known = {
            key: OmegaConf.select(around, f"{group}.{key}", throw_on_missing=False)
            for key in wanted
        }
        plain = {k: list(v) if OmegaConf.is_list(v) else v for k, v in known.items()}
        differing[name] = {k: value for k, value in wanted.items() if plain[k] != value}
    name = min(differing, key=lambda name: len(differing[name]))
    return name, differing[name]


def _composed(group: str, name: str) -> DictConfig:
    """The file conf/`group`/`name`.yaml over those of the group that it begins with."""
    own = OmegaConf.load(CONF_DIR / group / f"{name}.yaml")
    assert isinstance(own, DictConfig)
    bases = [base for base in own.pop("defaults", []) if isinstance(base, str)]
    merged = OmegaConf.merge(*(_composed(group, base) for base in bases), own)
    assert isinstance(merged, DictConfig)
    return merged


def _defaults() -> list[Any]:
    """The choices that a run begins with, such as {"data": "coco"}."""
    return list(_train_yaml()["defaults"])


def _train_yaml() -> DictConfig:
    settings = OmegaConf.load(CONF_DIR / "train.yaml")
    assert isinstance(settings, DictConfig)
    return settings


def _text(value: Any) -> str:
    """A value as Hydra reads it on a command line."""
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"[{','.join(map(str, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
