"""Train the styles that ship; starry_night comes first, because the others start from it.

    python -m scripts.gallery.train --style-images DIR --photos DIR \\
        --loss-network-weights vgg19.pth

It runs `python -m train style=... experiment=gallery` (or another of `experiment_of`). The settings
are in conf/style/ and conf/experiment/, the style images are DIR/<style>.jpg. Without --photos and
--loss-network-weights COCO and VGG-19 are downloaded. Styles that exist in the output folder are
kept. Settings after -- apply to every run: -- trainer.max_steps=2 data.num_workers=2
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from faststyle.errors import UserError, exit_on_user_error

FIRST = "starry_night"
SHIPPED = (
    FIRST,
    "great_wave",
    "udnie",
    "the_scream",
    "shipwreck_of_the_minotaur",
    "composition_vii",
    "mondrian_composition",
)


COMPACT = ("composition_vii",)  # trained from nothing against the compact loss network


def experiment_of(style: str) -> str:
    """Return the name in conf/experiment/ with which a style is trained."""
    if style == FIRST:
        return "gallery_first"
    return "gallery_compact" if style in COMPACT else "gallery"


def commands(options: argparse.Namespace) -> list[list[str]]:
    """Return the arguments of `python -m train` for each missing style, FIRST first."""
    missing = [s for s in options.styles if not (options.output / f"{s}.safetensors").exists()]
    shared = [f"checkpoint_dir={options.output}"]
    if options.photos is not None:
        shared += ["data=folder", f"data.path={options.photos}"]
    runs = []
    for style in sorted(missing, key=lambda style: style != FIRST):
        run = [f"style={style}", f"experiment={experiment_of(style)}"]
        if experiment_of(style) == "gallery":
            run.append(f"init_from={options.output / FIRST}.safetensors")
        if options.loss_network_weights is not None and style not in COMPACT:
            run.append(f"loss_network.weights={options.loss_network_weights}")
        image = f"style.image={options.style_images / style}.jpg"
        runs.append([*run, image, *shared, *options.settings])
    return runs


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse `arguments`, or the command line."""
    parser = argparse.ArgumentParser(description="Train the styles that ship.")
    parser.add_argument("--style-images", required=True, type=Path, metavar="DIR")
    parser.add_argument("--photos", type=Path, metavar="DIR", help="(default: COCO, downloaded)")
    parser.add_argument(
        "--loss-network-weights", type=Path, metavar="FILE", help="VGG-19's (default: downloaded)"
    )
    parser.add_argument("--styles", nargs="+", default=SHIPPED, metavar="STYLE")
    parser.add_argument("--output", type=Path, default=Path("checkpoints"), metavar="DIR")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="for every run, after --")
    return parser.parse_args(arguments)


def check_style_images(options: argparse.Namespace) -> None:
    """Raise UserError if a style image is missing."""
    for style in options.styles:
        style_image = options.style_images / f"{style}.jpg"
        if not style_image.is_file():
            raise UserError(f"{style_image} is missing; put it there or name other --styles")


def main() -> None:
    options = parse()
    with exit_on_user_error("gallery.train"):
        check_style_images(options)
    for arguments in commands(options):
        print("python -m train", *arguments, flush=True)
        done = subprocess.run([sys.executable, "-m", "train", *arguments])
        if done.returncode:
            sys.exit(done.returncode)


if __name__ == "__main__":
    main()
