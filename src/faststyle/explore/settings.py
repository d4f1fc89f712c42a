"""The settings of a cell: as it is explored, and as it is trained in full."""

from __future__ import annotations

from omegaconf import OmegaConf

from faststyle.config.overrides import literal
from faststyle.config.parsing import compose_settings
from faststyle.config.train import TEXT_KEYS, TrainConfig, parse
from faststyle.explore.cells import VIVID, Cell
from faststyle.explore.plan import Folder, Plan
from faststyle.files.atomic import atomic_write
from faststyle.files.paths import shell_command

EXPERIMENT = ["experiment=explore"]


def settings_of(plan: Plan, image: str, cell: Cell, steps: int) -> TrainConfig:
    """Return the settings of a cell's short training.

    Args:
        image: path of its style image.
    """
    overrides = [
        *EXPERIMENT,
        "style=custom",
        f"style.name={plan.style}",
        f"style.image={image}",
        f"style.size={cell.size}",
        f"loss.style_weight={cell.style_weight}",
        f"trainer.max_steps={steps}",
        *(["data=folder", f"data.path={plan.photos}"] if plan.photos is not None else []),
    ]
    return parse(compose_settings("train", overrides, text_keys=TEXT_KEYS))


def style_image_of(folder: Folder, plan: Plan, cell: Cell) -> str:
    """The path of a cell's style image."""
    return str(folder.vivid.absolute()) if cell.colors == VIVID else plan.painting


def write_experiment(folder: Folder, plan: Plan, cell: Cell) -> None:
    """Write the settings that train a cell in full, from its checkpoint on, for experiment=."""
    data = [] if plan.photos is None else [{"override /data": "folder"}]
    settings = {
        "defaults": ["quickstart", {"override /style": "custom"}, *data],
        **literal(
            {
                "style": {
                    "name": plan.style,
                    "image": style_image_of(folder, plan, cell),
                    "size": cell.size,
                },
                "loss": {"style_weight": cell.style_weight},
                **({} if plan.photos is None else {"data": {"path": plan.photos}}),
                "init_from": str(folder.checkpoint(cell).absolute()),
                "checkpoint_name": f"{plan.style}_{cell.name}",
            }
        ),
    }
    text = OmegaConf.to_yaml(OmegaConf.create(settings))
    head = f"# @package _global_\n# Cell {cell.number} of page.jpg: {cell.words()}.\n"
    with atomic_write(folder.experiment(cell)) as partial:
        partial.write_text(head + text, encoding="utf-8")


def full_training(folder: Folder, cell: Cell) -> tuple[str, str]:
    """The command that trains a cell in full, and the one that does so with VGG-19 and COCO."""
    words = ("python", "-m", "train", "--config-dir", folder.path, f"experiment={cell.name}")
    return (
        shell_command(*words),
        shell_command(*words, "loss_network=vgg19", "data=coco", "trainer=default"),
    )
