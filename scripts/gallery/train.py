"""Train the styles that ship, each from its painting, starry_night first: the others start from it.

    python -m scripts.gallery.train --paintings DIR --photos DIR --loss-weights vgg19.pth

It runs `python -m train -m style=... experiment=gallery`; settings are in conf/style/ and
conf/experiment/gallery.yaml, paintings are DIR/<style>.jpg. Without --photos and --loss-weights
COCO and VGG-19 are downloaded. Styles that are in the output folder already are kept. What comes
after -- goes to every run: -- trainer.max_steps=2 data.num_workers=2
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

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


def commands(options: argparse.Namespace) -> list[list[str]]:
    """Arguments of `python -m train` for what is missing: the first style, then all others."""
    missing = [s for s in options.styles if not (options.output / f"{s}.safetensors").exists()]
    shared = [f"checkpoint_dir={options.output}"]
    if options.photos is not None:
        shared += ["data=folder", f"data.path={options.photos}"]
    if options.loss_weights is not None:
        shared.append(f"loss_network.weights={options.loss_weights}")
    # Hydra resolves the name for each run of a sweep.
    shared.append(f"style.image={options.paintings}/${{style.name}}.jpg")
    later = [style for style in missing if style != FIRST]
    runs = []
    if FIRST in missing:
        runs.append([f"style={FIRST}", "experiment=gallery_first", *shared, *options.settings])
    if later:
        base = f"init_from={options.output / FIRST}.safetensors"
        settings = ["experiment=gallery", base, *shared, *options.settings]
        runs.append(["-m", f"style={','.join(later)}", *settings])
    return runs


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the styles that ship.")
    parser.add_argument("--paintings", required=True, type=Path, metavar="DIR")
    parser.add_argument("--photos", type=Path, metavar="DIR", help="(default: COCO, downloaded)")
    parser.add_argument("--loss-weights", type=Path, metavar="FILE", help="VGG-19's")
    parser.add_argument("--styles", nargs="+", default=SHIPPED, metavar="STYLE")
    parser.add_argument("--output", type=Path, default=Path("checkpoints"), metavar="DIR")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="of every run, after --")
    return parser.parse_args(arguments)


def main() -> None:
    options = parse()
    for style in options.styles:
        if not (options.paintings / f"{style}.jpg").is_file():
            sys.exit(f"train_gallery: no painting {options.paintings / style}.jpg")
    for arguments in commands(options):
        print("python -m train", *arguments, flush=True)
        done = subprocess.run([sys.executable, "-m", "train", *arguments])
        if done.returncode:
            sys.exit(done.returncode)


if __name__ == "__main__":
    main()
