"""The command line of `python -m faststyle.evaluate`."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faststyle.errors import UserError, exit_on_user_error
from faststyle.files.atomic import check_writable
from faststyle.files.options import OptionParser, count, name, path, shown
from faststyle.files.paths import swatch_of
from faststyle.malloc import tune_process

if TYPE_CHECKING:
    from faststyle.losses.loss_network import LossNetwork

SMALLEST_SIZE = 32  # pixels; the deepest layers see a sixteenth of it
OLD_WEIGHTS_OPTION = "--loss-weights"  # loss weights are content_weight, style_weight, tv_weight


def main(arguments: list[str] | None = None) -> int:
    """Run the command line. Returns 0; a mistake of the user's exits with code 2."""
    with exit_on_user_error("evaluate"):
        options = _parse(arguments)
        tune_process()
        evaluate(options)
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    """The options; which ones are required depends on what is measured."""
    parser = _parser()
    options = parser.parse_args(arguments)
    required = ["ckpt"] if options.video else ["ckpt", "images", "loss_network_weights"]
    missing = [f"--{key.replace('_', '-')}" for key in required if getattr(options, key) is None]
    if missing:
        what = ", ".join(missing)
        parser.error(f"the following arguments are required: {what} (of a clip: --ckpt, --video)")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = OptionParser(
        prog="evaluate",
        description="Measure a style: losses, the L-BFGS iterations that a forward pass is worth "
        "(Johnson et al. 2016, Figure 5), speed-up, artifacts.",
    )
    add = parser.add_argument
    add("--ckpt", type=path, help="style checkpoint")
    add("--style", type=path, metavar="PICTURE", help="style image (default: bundled swatch)")
    add(
        "--images",
        type=path,
        metavar="DIR",
        help="photos it was not trained on",
    )
    add(
        "--video",
        type=path,
        metavar="CLIP",
        help="in place of --images: flicker, warping error and sharpness of a clip, or a folder of "
        "its frames",
    )
    add("--frames", type=count, default=60, metavar="N", help="of the clip (default: %(default)s)")
    add(
        "--loss-network-weights",
        OLD_WEIGHTS_OPTION,
        type=name,
        metavar="FILE",
        action=_LossNetworkWeights,
        help="weights of the loss network: a file, torchvision or bundled",
    )
    add("--sizes", help="long edges in pixels: 256,512 (default: 256; of a clip 480)")
    add("--max-images", type=count, metavar="N", help="only the first N photos")
    add(
        "--iterations",
        type=count,
        default=200,
        metavar="N",
        help="of L-BFGS (default: %(default)s)",
    )
    add(
        "--output",
        type=path,
        default=Path("evaluation"),
        metavar="DIR",
        help="(%(default)s/)",
    )
    add("--explain", action="store_true", help="add explain.jpg: what each layer contributes")
    add(
        "--set",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="change the checkpoint's objective: loss.style_weight=5 style.size=256 ...",
    )
    add(
        "--cache",
        type=path,
        metavar="DIR",
        help="L-BFGS curves (default: ~/.cache/faststyle)",
    )
    add("--device", default="auto", help="auto, cpu, cuda, ... (default: auto)")
    return parser


class _LossNetworkWeights(argparse.Action):
    """Stores the value; the option's old name works and prints the new one."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        if option_string == OLD_WEIGHTS_OPTION and getattr(namespace, self.dest) is None:
            new = self.option_strings[0]
            print(f"evaluate: {OLD_WEIGHTS_OPTION} is now called {new}", file=sys.stderr)
        setattr(namespace, self.dest, values)


def evaluate(options: argparse.Namespace) -> None:
    """Measure, print the table and write everything else into `options.output`.

    Each curve is cached as soon as it is measured, so a run that was stopped resumes there.

    Raises:
        UserError: what is wrong with the options or the files that they name.
    """
    if options.video is not None:
        return evaluate_clip(options)
    sizes = _sizes(options.sizes or "256")
    files = _photos(options.images)[: options.max_images]
    check_writable("--output", options.output)
    curves = options.cache or cache_dir()
    check_writable("--cache", curves)

    # After the cheap checks: these import torch.
    from faststyle.evaluate.curves import CurveCache
    from faststyle.evaluate.explain import explain
    from faststyle.evaluate.measure import measure_photos
    from faststyle.evaluate.objective import build_objective
    from faststyle.evaluate.report import write_report
    from faststyle.images.write import save_image
    from faststyle.rendering.stylizer import load_style

    stylizer = load_style(options.ckpt, options.device)
    style_image = options.style or _swatch(stylizer.metadata)
    objective = build_objective(
        stylizer.metadata, style_image, options.loss_network_weights, options.set, stylizer.device
    )
    _check_memory(objective.perceptual_loss.loss_network, files, max(sizes), options.iterations)
    if options.style is None:
        print(f"Style image: the bundled swatch {style_image}; --style=FILE takes the painting")
    cache = CurveCache(curves, objective.identity)
    measured = list(measure_photos(stylizer, objective, cache, files, sizes, options.iterations))
    if not measured:
        raise UserError(f"--images: none of {len(files)} photos can be used")
    about = {
        "checkpoint": str(options.ckpt),
        "style_image": str(style_image),
        "iterations": options.iterations,
        "objective": objective.identity,
    }
    written = write_report(options.output, measured, about)
    if options.explain:
        written.append(options.output / "explain.jpg")
        save_image(explain(objective, measured[0].photo, measured[0].stylized), written[-1])
    print("Written: " + ", ".join(map(str, written)))


def evaluate_clip(options: argparse.Namespace) -> None:
    """Measure a clip, frame by frame and as infer stylizes it; print a table, write results.json.

    Raises:
        UserError: what is wrong with the options, the clip or the checkpoint.
    """
    if options.images is not None:
        raise UserError(f"--images {options.images} beside --video {options.video}: give one")
    sizes = _sizes(options.sizes or "480")
    if len(sizes) > 1:
        raise UserError(f"--sizes: a clip takes one, got {options.sizes}")
    check_writable("--output", options.output)

    # After the cheap checks: these import torch.
    from faststyle.evaluate.clips import clip_table, measure_clip, read_frames, write_results
    from faststyle.rendering.stylizer import load_style
    from faststyle.video.formats import DEFAULT_STEADY
    from faststyle.video.steady import Steady

    stylizer = load_style(options.ckpt, options.device)
    frames = read_frames(options.video, sizes[0], options.frames, stylizer.device)
    steady = Steady(DEFAULT_STEADY)
    plain = "frame by frame"
    ways = {
        plain: lambda frame: stylizer(frame, grain=0),
        f"--steady {DEFAULT_STEADY:g}": lambda frame: stylizer(steady(frame), grain=0),
    }
    measured = measure_clip(frames, ways)
    print(clip_table(f"{options.video}, {measured.frames} frames", measured, plain))
    about = {"checkpoint": str(options.ckpt), "clip": str(options.video), "size": sizes[0]}
    print(f"Written: {write_results(options.output, measured, about)}")


def cache_dir() -> Path:
    """Folder that curves are kept in where `--cache` names none."""
    try:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:  # containers run as users without a home folder
        raise UserError("--cache: no home folder to keep curves in; give --cache DIR") from None
    return Path(home) / "faststyle" / "curves"


def _swatch(metadata: dict[str, Any]) -> Path:
    name = metadata.get("style", {}).get("name", "")
    swatch = swatch_of(name)
    if swatch is None:
        raise UserError(f"--style: no picture of {name!r} is bundled; give --style=PICTURE")
    return swatch


def _check_memory(loss_network: LossNetwork, files: list[Path], size: int, iterations: int) -> None:
    from faststyle.devices import available_bytes
    from faststyle.evaluate.curves import HISTORY
    from faststyle.images.opening import open_photo
    from faststyle.losses.memory import check_fits
    from faststyle.optimize.memory import peak_bytes

    short_sides = [1]
    for file in files:
        # Photos that cannot be read are skipped later, with a line.
        with suppress(UserError), open_photo(file) as image:
            short_sides.append(round(size * min(image.size) / max(image.size)))
    needed = peak_bytes(loss_network, size, max(short_sides), min(HISTORY, iterations))
    check_fits("--sizes", needed, available_bytes(loss_network.mean.device), size)


def _sizes(text: str) -> list[int]:
    try:
        sizes = [count(part.strip()) for part in text.split(",")]
    except argparse.ArgumentTypeError:
        problem = f"{shown(text)} is not a comma-separated list of integers"
        raise UserError(f"--sizes: {problem}; give 256,512") from None
    if min(sizes) < SMALLEST_SIZE:
        raise UserError(f"--sizes: must be at least {SMALLEST_SIZE}, got {min(sizes)}")
    return list(dict.fromkeys(sizes))


def _photos(folder: Path) -> list[Path]:
    from faststyle.images.formats import list_pictures

    if not folder.is_dir():
        raise UserError(f"--images: no such folder: {folder}")
    try:
        return list_pictures(folder)
    except UserError as error:
        raise UserError(f"--images: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
