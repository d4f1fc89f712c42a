"""Which settings may change when a run is resumed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from faststyle.checkpoints.run_folder import RunFolder
from faststyle.config.train import NEAREST, TrainConfig, parse
from faststyle.errors import UserError
from faststyle.train.distributed import print_once

if TYPE_CHECKING:
    from torch import Tensor

# Settings that may change. Where one could change the result, such as other photos under
# data.path, check_same_run and check_same_photos notice.
FREE = {
    "runs_dir",
    "checkpoint_dir",
    "checkpoint_name",
    "style.image",
    "loss_network.weights",
    "data.path",
    "data.batch_size",
    "data.num_workers",
    *(
        f"trainer.{name}"
        for name in (
            "accelerator",
            "strategy",
            "devices",
            "num_nodes",
            "compile",
            "checkpoint_every",
            "checkpoint_minutes",
            "preview_every",
            "progress_bar",
            "yardstick",
            "photo_steps",
        )
    ),
}


# What runs of an older faststyle did, for which it had no setting yet.
BEFORE = {"data.grain": 0.0}

SAME_COLOR = 0.01  # largest difference of two means that are taken for one

LENGTH = (
    "the learning rate falls to zero at the last step, so the length is part of the run; "
    "to learn more, start a new run with init_from="
)
OTHER = "leave it out, or start a new run (init_from= takes weights from an old one)"


def merge_saved(folder: RunFolder, raw: DictConfig, overrides: list[str]) -> TrainConfig:
    """Return the settings of the run to be resumed, with the changes that are allowed.

    Args:
        raw: the settings as given now, defaults included.
        overrides: those that the user gave.

    Raises:
        UserError: a setting that matters was given another value.
    """
    saved = OmegaConf.create(folder.config.read_text(encoding="utf-8"))
    assert isinstance(saved, DictConfig)
    for key, value in BEFORE.items():
        if OmegaConf.select(saved, key) is None:
            OmegaConf.update(saved, key, value)
    given = {override.partition("=")[0].lstrip("+~") for override in overrides} - {"resume"}
    given = {"style.name" if key == "style" else key for key in given}
    # An experiment sets anything: all of it has to agree, and what may change stays as it was.
    others = set(map(str, saved)) - {"resume"} if "experiment" in given else set()
    changes = {}
    for key in sorted(given | others):
        before, now = OmegaConf.select(saved, key), OmegaConf.select(raw, key)
        for leaf, old, new in _leaves(key, before, now):
            may_stay = leaf in FREE and key not in given
            if old == new or may_stay or _is_derived(leaf, raw):
                continue
            if leaf not in FREE:
                why = LENGTH if leaf in ("trainer.max_steps", "trainer.max_images") else OTHER
                raise UserError(
                    f"resume: {folder.path} was started with {leaf}={old}, not {new}; {why}"
                )
            changes[leaf] = f"{leaf}={new} (was {old})"
            OmegaConf.update(saved, leaf, new)
    if changes:
        print_once(f"From here on: {', '.join(changes.values())}")
    # Other settings that an older faststyle did not have get their defaults.
    known = OmegaConf.to_container(raw, resolve=True)
    merged = OmegaConf.merge(known, saved)
    assert isinstance(merged, DictConfig)
    return parse(merged)


def _leaves(key: str, before: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield every value under `key`, before and now; `key` may be a group."""
    if not isinstance(now, DictConfig):
        yield key, before, now
        return
    for name in now:
        if not OmegaConf.is_missing(now, name):
            old = before.get(name) if isinstance(before, DictConfig) else None
            yield from _leaves(f"{key}.{name}", old, now[name])


def _is_derived(leaf: str, raw: DictConfig) -> bool:
    """Whether the run replaced this setting by a value that it worked out from others."""
    if leaf == "trainer.max_steps":
        return raw.trainer.max_images is not None
    if leaf == "init_from":
        return raw.init_from == NEAREST
    return leaf == "trainer.precision" and raw.trainer.precision == "auto"


def check_same_run(saved: dict[str, Any], now: dict[str, Any]) -> None:
    """Refuse to resume a run with another style image or other photos.

    Different library versions only print a note.

    Args:
        saved, now: metadata of the run checkpoint, and of the run that would resume from it.

    Raises:
        UserError: a value that shapes the result differs.
    """
    before, after = dict(_flat(saved)), dict(_flat(now))
    for key in after:
        old, new = before.get(key), after[key]
        if old == new or key in IRRELEVANT or key.startswith("metrics."):
            continue
        if key.startswith(("training.", "data.")) and key not in before:
            continue  # an older faststyle did not record it
        if key.startswith("versions."):
            print_once(
                f"{key.removeprefix('versions.')} is {new}, was {old}: the last bits may differ"
            )
            continue
        raise UserError(
            f"resume: {MEANING.get(key, key)} was {old} when the run started, not {new}"
        )


def check_same_photos(saved: Tensor | None, now: Tensor) -> None:
    """Refuse to resume a run whose photos have changed, even where their number is the same.

    A photo more or less, or another name, changes which photos are drawn from the folder, and so
    those held out. Their mean colors hardly depend on the library that decodes them.

    Args:
        saved, now: (N, 3) in [0, 1], the mean color of each held-out photo, in order; `saved` is
            None in a run of an older faststyle.

    Raises:
        UserError: other photos are held out.
    """
    if saved is None:
        return
    if saved.shape != now.shape or (saved - now).abs().max() > SAME_COLOR:
        raise UserError(
            "resume: the photos of data.path are not those that the run started with; restore "
            f"them, or {OTHER.partition(', or ')[2]}"
        )


# The weights a run started from are in its own by now.
IRRELEVANT = {
    *("training.steps", "style.image"),
    *("training.init_from", "training.init_from_sha256"),
}
MEANING = {
    "data.num_images": "the number of photos",
    "style.image_sha256": "the style image's fingerprint (style.image)",
    "training.batch_size": "the batch of all processes together (data.batch_size x processes)",
}


def _flat(tree: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
