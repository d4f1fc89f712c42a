"""The options of infer, and the values that they may have."""

from __future__ import annotations

import argparse

from faststyle.checkpoints.catalog import RESULTS
from faststyle.errors import UserError
from faststyle.files import options as values
from faststyle.video.formats import DEFAULT_QUALITY, DEFAULT_STEADY, NAMED_CODECS, check_codec_name


def parse_options(arguments: list[str] | None) -> argparse.Namespace:
    """The options, each checked by itself and against the others.

    Raises:
        UserError: options that do not go together.
    """
    options = _parser().parse_args(arguments)
    if options.list:
        return options
    if not options.ckpt:
        raise UserError("no style given: --ckpt NAME or FILE; --list shows the available styles")
    if options.describe:
        return options
    if options.camera is not None:
        _check_camera(options)
    elif not options.inputs and not options.watch:
        raise UserError("no photo given; name files or folders after the options")
    if options.inputs and options.watch:
        raise UserError(f"--watch {options.watch} takes no photos beside it; leave one out")
    if len(options.ckpt) > 1 and len(options.mask) != len(options.ckpt):
        raise UserError(
            f"{len(options.ckpt)} styles need {len(options.ckpt)} masks, not {len(options.mask)}; "
            "give one --mask for every --ckpt, in the same order"
        )
    if len(options.mask) > len(options.ckpt):
        raise UserError(f"one style takes one --mask, not {len(options.mask)}")
    if options.invert_mask and not options.mask:
        raise UserError("--invert-mask needs a --mask")
    if options.video_codec is not None:
        check_codec_name(options.video_codec)
    if options.end is not None and options.end <= (options.start or 0):
        raise UserError("--end must be later than --start")
    return options


def _check_camera(options: argparse.Namespace) -> None:
    for given, name in (
        (options.inputs, "photos"),
        (options.watch, "--watch"),
        (options.start, "--start"),
        (options.end, "--end"),
        (options.skip_existing, "--skip-existing"),
    ):
        if given:
            raise UserError(f"--camera {options.camera} takes no {name} beside it; leave one out")
    if len(options.strength) > 1:
        raise UserError(f"--camera {options.camera} takes one --strength")


def _parser() -> argparse.ArgumentParser:
    parser = values.OptionParser(
        prog="infer",
        description="Stylize photos and clips with a trained style, each in one forward pass.",
    )
    add = parser.add_argument
    add(
        "inputs",
        nargs="*",
        type=values.path,
        metavar="PHOTO",
        help="photos, clips, folders or patterns",
    )
    add(
        "--ckpt",
        type=values.name,
        action="append",
        default=[],
        metavar="STYLE",
        help="a style's name (see --list) or checkpoint file",
    )
    add(
        "--output",
        type=values.path,
        help=f"a file for one photo or clip, else a folder (default: {RESULTS}/<style>/)",
    )
    add("--list", action="store_true", help="print the available styles")
    add("--describe", action="store_true", help="print the checkpoint's metadata")

    many = parser.add_argument_group("many photos")
    many.add_argument("--recursive", action="store_true", help="subfolders of folders too")
    existing = many.add_mutually_exclusive_group()
    existing.add_argument(
        "--skip-existing",
        action="store_true",
        help="only those whose result of this style and these options is not there yet",
    )
    existing.add_argument(
        "--overwrite",
        action="store_true",
        help="replace files of the result's name whatever they are, but never a photo given here "
        "(default: only an earlier result of the same photo; else name_2)",
    )
    many.add_argument(
        "--watch", type=values.path, metavar="DIR", help="stylize what arrives in a folder"
    )

    look = parser.add_argument_group("how it is stylized")
    look.add_argument(
        "--strength",
        type=values.numbers,
        default=[1.0],
        metavar="S[,S...]",
        help="0 the photo, 1 as trained (default), 2 applied twice; several: side by side",
    )
    look.add_argument(
        "--stroke-scale",
        type=values.positive,
        default=1.0,
        metavar="X",
        help="2: strokes twice as large, 0.5: half as large (default: 1)",
    )
    look.add_argument(
        "--grain",
        type=values.number,
        metavar="LEVELS",
        help="noise that brings strokes to areas without texture: paper, drawn skies; 0: none "
        "(default: 4 for photos; clips would flicker)",
    )
    color = look.add_mutually_exclusive_group()
    color.add_argument(
        "--keep-color",
        dest="keep_color",
        action="store_const",
        const="luminance",
        help="the photo's color at every pixel",
    )
    color.add_argument(
        "--match-color",
        dest="keep_color",
        action="store_const",
        const="histogram",
        help="the photo's range of colors, laid out as in the result",
    )

    where = parser.add_argument_group("where it is stylized")
    where.add_argument(
        "--mask",
        type=values.name,
        action="append",
        default=[],
        metavar="FILE",
        help="stylize where it is white; a folder: the mask of the photo's name; alpha: the "
        "photo's own alpha; one for every --ckpt if there are several",
    )
    where.add_argument("--invert-mask", action="store_true", help="stylize where masks are black")
    where.add_argument(
        "--feather",
        type=values.percent,
        default=0.4,
        metavar="PERCENT",
        help="soften edges of masks, in percent of the long edge (default: %(default)s)",
    )

    clips = parser.add_argument_group("clips")
    clips.add_argument(
        "--video-codec",
        type=values.name,
        metavar="CODEC",
        help=f"{', '.join(NAMED_CODECS)} (default: h264, in .webm vp9)",
    )
    clips.add_argument(
        "--quality",
        type=values.percent,
        metavar="Q",
        help=f"0 to 100, the larger the better and the larger (default: {DEFAULT_QUALITY:g})",
    )
    clips.add_argument("--start", type=values.seconds, metavar="TIME", help="12.5 or 1:02:03")
    clips.add_argument("--end", type=values.seconds, metavar="TIME", help="stop there")
    clips.add_argument(
        "--fps",
        type=values.frame_rate,
        metavar="N",
        help="frames a second of the result (default: the clip's own times; of pictures 25)",
    )
    clips.add_argument(
        "--steady",
        type=values.share,
        metavar="S",
        help="how far the camera's noise is taken from what is still, so that strokes stay: 0 not "
        f"at all, 1 most (default: {DEFAULT_STEADY:g})",
    )
    clips.add_argument(
        "--camera",
        type=values.name,
        metavar="N",
        help="stylize what a camera sees, in a window, or into --output: a file or udp://...",
    )

    size = parser.add_argument_group("size and machine")
    scaled = size.add_mutually_exclusive_group()
    scaled.add_argument(
        "--max-size", type=values.pixels, metavar="N", help="long edge at most N pixels"
    )
    scaled.add_argument("--scale", type=values.positive, metavar="X", help="scale the photo first")
    size.add_argument("--device", default="auto", help="auto, cpu, cuda, ... (default: auto)")
    size.add_argument(
        "--max-memory",
        type=values.memory_size,
        metavar="SIZE",
        help="such as 3GB: larger pictures are stylized in strips, which gives the same picture "
        "(default: half of the machine's)",
    )
    return parser
