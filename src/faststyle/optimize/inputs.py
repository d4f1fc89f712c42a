"""Photo, style images, start and output of an optimization: read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from faststyle.config.optimize import OptimizeConfig
from faststyle.config.style_image import style_image_path
from faststyle.errors import UserError
from faststyle.files.atomic import check_writable
from faststyle.images.formats import check_output_suffix
from faststyle.images.read import load_image
from faststyle.images.tensors import long_edge_to


@dataclass(frozen=True)
class Pictures:
    """The pictures given, at full size.

    Without `content` a texture is made. `init` is None where the start is not a file.
    """

    content: Image.Image | None
    style_images: list[Image.Image]
    init: Image.Image | None

    def result_size(self, long_edge: int) -> tuple[int, int]:
        """Width and height: the shape is the content's, or else the first style image's."""
        return long_edge_to((self.content or self.style_images[0]).size, long_edge)


def load_pictures(config: OptimizeConfig) -> Pictures:
    style = config.style
    paths = style.images or [style_image_path(style)]
    key = "style.images" if style.images else "style.image"
    return Pictures(
        content=None if config.content == "none" else _load("content", config.content),
        style_images=[_load(key, path) for path in paths],
        init=None if config.init in ("auto", "content", "noise") else _load("init", config.init),
    )


def check_output(config: OptimizeConfig, preview: Path) -> None:
    output = Path(config.output)
    check_output_suffix(output)
    if not output.parent.is_dir():
        raise UserError(f"output: no such folder: {output.parent}; make it, or give another")
    check_writable("output", output.parent)
    given = [config.content, config.init, config.style.image, *(config.style.images or [])]
    inputs = {Path(path).resolve() for path in given if path is not None}
    for path in (output, preview):
        if path.resolve() in inputs:
            raise UserError(f"output: {path} is one of the pictures given; give another name")


def _load(key: str, path: str | Path) -> Image.Image:
    try:
        return load_image(Path(path))
    except UserError as error:
        raise UserError(f"{key}: {error}; give a picture file") from error
