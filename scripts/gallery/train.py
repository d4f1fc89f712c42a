"""Train the styles that ship; starry_night comes first, because the others start from it.

    python -m scripts.gallery.train --style-images DIR --photos DIR \\
        --loss-network-weights vgg19.pth

It runs `python -m train style=... experiment=gallery` (or another of `experiment_of`); bold styles
take two runs. The settings are in conf/style/ and conf/experiment/, the style images are
DIR/<style>.jpg. Without --photos and
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
# Trained in two parts: the motifs over the whole picture, then the photo back. The first part
# starts from that of FIRST, which starts from nothing and takes longer.
BOLD = ("the_scream",)
PARTS = "parts"  # folder in the output
FIRST_PART = ("loss.style_weight=10", "trainer.max_steps=450", "data.image_size=256")


def experiment_of(style: str) -> str:
    """Return the name in conf/experiment/ of the run that writes a style's checkpoint."""
    if style in BOLD:
        return "gallery_bold"
    if style == FIRST:
        return "gallery_first"
    return "gallery_compact" if style in COMPACT else "gallery"


def commands(options: argparse.Namespace) -> list[list[str]]:
    """Return the arguments of `python -m train` for each run that is missing, FIRST first."""
    missing = [s for s in options.styles if not _file(options.output, s).exists()]
    missing.sort(key=lambda style: style != FIRST)
    parts = options.output / PARTS
    bold = [style for style in missing if style in BOLD]
    runs = []
    for style in [FIRST, *(style for style in bold if style != FIRST)] if bold else []:
        if not _file(parts, style).exists():
            start = FIRST_PART if style == FIRST else (f"init_from={_file(parts, FIRST)}",)
            settings = ["experiment=gallery_motifs", *start, f"checkpoint_dir={parts}"]
            runs.append(_run(style, settings, options))
    for style in missing:
        experiment = experiment_of(style)
        start = {"gallery": options.output, "gallery_bold": parts}.get(experiment)
        base = FIRST if experiment == "gallery" else style
        settings = [f"experiment={experiment}", f"checkpoint_dir={options.output}"]
        settings += [] if start is None else [f"init_from={_file(start, base)}"]
        runs.append(_run(style, settings, options))
    return runs


def _file(folder: Path, style: str) -> Path:
    return folder / f"{style}.safetensors"


def _run(style: str, settings: list[str], options: argparse.Namespace) -> list[str]:
    run = [f"style={style}", *settings, f"style.image={options.style_images / style}.jpg"]
    if options.loss_network_weights is not None and style not in COMPACT:
        run.append(f"loss_network.weights={options.loss_network_weights}")
    if options.photos is not None:
        run += ["data=folder", f"data.path={options.photos}"]
    return [*run, *options.settings]


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
    bold = [FIRST] if set(BOLD) & set(options.styles) else []
    for style in [*bold, *options.styles]:
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
