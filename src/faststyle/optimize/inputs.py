"""The pictures that `faststyle.optimize` reads, and the two names that it writes to."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from PIL import Image

from faststyle.config.optimize import OptimizeConfig
from faststyle.config.style_image import style_image_path
from faststyle.errors import UserError
from faststyle.files.atomic import check_writable
from faststyle.images.formats import SAVE_OPTIONS, check_output_suffix
from faststyle.images.read import load_image
from faststyle.images.tensors import long_edge_to
from faststyle.images.write import LONGEST_SIDE, save_image
from faststyle.losses.checks import check_style_image

PREVIEW_STEM = 50  # letters of the output's name in the preview's: file systems allow 255 bytes


@dataclass(frozen=True)
class Pictures:
    """The pictures given, RGB, at full size.

    Without `content` a texture is made. `init` is None where the start is not a file.
    """

    content: Image.Image | None
    style_images: list[Image.Image]
    init: Image.Image | None

    def result_size(self, long_edge: int) -> tuple[int, int]:
        """Width and height: the shape is the content's, or else the first style image's."""
        return long_edge_to((self.content or self.style_images[0]).size, long_edge)


def load_pictures(config: OptimizeConfig) -> Pictures:
    """Read every picture that the settings name.

    Raises:
        UserError: a picture cannot be read, or a style image has nothing to learn from.
    """
    style = config.style
    paths = style.images or [style_image_path(style)]
    key = "style.images" if style.images else "style.image"
    style_images = []
    for path in paths:
        style_images.append(_load(key, path))
        check_style_image(f"{key}: {path}", style_images[-1])
    return Pictures(
        content=None if config.content == "none" else _load("content", config.content),
        style_images=style_images,
        init=None if config.init in ("auto", "content", "noise") else _load("init", config.init),
    )


def check_output(config: OptimizeConfig) -> None:
    """Check that the result can be written, and that it will not overwrite a picture given.

    A picture of an earlier run under that name is replaced.

    Raises:
        UserError: the name cannot be written, or is that of an input.
    """
    output = Path(config.output)
    check_output_suffix(output)
    kind = SAVE_OPTIONS[output.suffix.lower()]["format"]
    if config.size > LONGEST_SIDE.get(kind, config.size):
        raise UserError(
            f"output: {kind} holds at most {LONGEST_SIDE[kind]} pixels a side, size is "
            f"{config.size}; write .png or .tif"
        )
    try:
        if output.is_dir():
            raise UserError(f"output: {output} is a folder; give a file: output={output}/out.png")
        if not output.parent.is_dir():
            raise UserError(f"output: no such folder: {output.parent}; make it, or give another")
        with suppress(FileNotFoundError):
            output.lstat()
    except OSError as error:  # such as a name of more than 255 bytes
        raise UserError(f"output: cannot write {output}: {error.strerror}") from error
    check_writable("output", output.parent)
    given = [config.content, config.init, config.style.image, *(config.style.images or [])]
    if any(path is not None and _same_file(output, Path(path)) for path in given):
        raise UserError(f"output: {output} is one of the pictures given; give another name")


class Preview:
    """The picture so far, in a file beside the output that only this run writes and removes.

    Its name is `<output>_preview`, with a number behind it where a file of that name exists.
    """

    def __init__(self, output: Path):
        stem = f"{output.stem[:PREVIEW_STEM]}_preview"
        names = (f"{stem}{f'_{i}' if i else ''}{output.suffix}" for i in count())
        free = (path for path in map(output.with_name, names) if not _exists(path))
        self.path = next(free)
        self._written = False

    def save(self, picture: Image.Image) -> None:
        """Write the picture, or replace the one written before."""
        save_image(picture, self.path)
        self._written = True

    def remove(self) -> None:
        """Remove the file, if this run wrote it."""
        if self._written:
            with suppress(OSError):
                self.path.unlink()


def _exists(path: Path) -> bool:
    return path.is_symlink() or path.exists()  # a link to nothing is not ours either


def _same_file(one: Path, other: Path) -> bool:
    """Whether both name the same file: also through links, or where case does not count."""
    try:
        return one.resolve() == other.resolve() or one.samefile(other)
    except (OSError, RuntimeError):  # missing, or links in a circle
        return False


def _load(key: str, path: str | Path) -> Image.Image:
    try:
        return load_image(Path(path), show=lambda note: print(f"optimize: {note}", file=sys.stderr))
    except UserError as error:
        raise UserError(f"{key}: {error}; give a picture file") from error
