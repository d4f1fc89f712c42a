"""The page of an exploration: the painting and the photos, and below them every cell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from faststyle.checkpoints.header import style_metadata
from faststyle.explore.cells import Cell, rows
from faststyle.explore.plan import Folder, Plan
from faststyle.images.sheets import GAP, grid
from faststyle.images.sheets import Cell as Captioned
from faststyle.images.tensors import resize_long_edge
from faststyle.images.write import save_image
from faststyle.rendering.stylizer import load_style

SHOWN = 360  # pixels; long edge of the photos as they are stylized and shown
WIDTHS = f"stylized with {SHOWN} pixels; on more, strokes look finer"
EMPTY, CROSS = (236, 236, 236), (210, 210, 210)


class Page:
    """Draws the page, again after every cell; a cell is stylized once.

    Args:
        paintings: the style image as painted and vivid.
        photos: by name, of any size; every cell shows them one below the other.
    """

    def __init__(
        self,
        folder: Folder,
        paintings: Sequence[Captioned],
        photos: dict[str, Image.Image],
        device: str,
    ):
        self.folder, self.device = folder, device
        self.photos = {name: resize_long_edge(image, SHOWN) for name, image in photos.items()}
        self.head = [
            *((resize_long_edge(image, SHOWN), caption) for image, caption in paintings),
            *((image, f"{name}\n{WIDTHS}") for name, image in self.photos.items()),
        ]
        self._stylized: dict[Path, Image.Image] = {}

    def draw(self, plan: Plan) -> None:
        """Draw every cell that is done, the others empty, and replace the picture."""
        drawn = [[self._cell(plan, cell) for cell in row] for row in rows(plan.cells)]
        save_image(grid([self.head, *drawn]), self.folder.page)

    def _cell(self, plan: Plan, cell: Cell) -> Captioned:
        setting = f"style weight {cell.style_weight:g}, style size {cell.size}"
        head = f"{cell.number}: {cell.words()}\n{setting}\n"
        if not self.folder.is_done(cell):
            return self._empty(), f"{head}not yet"
        path = self.folder.checkpoint(cell)
        metrics = style_metadata(path)["metrics"]
        content, style = (metrics[f"val/{term}_loss"] for term in ("content", "style"))
        return self._shown(path), f"{head}content loss {content:.2f}, style loss {style:.2f}"

    def _shown(self, path: Path) -> Image.Image:
        if path not in self._stylized:
            stylize = load_style(path, self.device)
            self._stylized[path] = _stack([stylize(photo) for photo in self.photos.values()])
        return self._stylized[path]

    def _empty(self) -> Image.Image:
        picture = _stack([Image.new("RGB", photo.size, EMPTY) for photo in self.photos.values()])
        draw = ImageDraw.Draw(picture)
        draw.line((0, 0, *picture.size), fill=CROSS)
        draw.line((0, picture.height, picture.width, 0), fill=CROSS)
        return picture


def _stack(pictures: Sequence[Image.Image]) -> Image.Image:
    """The pictures one below the other."""
    height = sum(picture.height for picture in pictures) + (len(pictures) - 1) * GAP // 2
    page = Image.new("RGB", (max(picture.width for picture in pictures), height), "white")
    top = 0
    for picture in pictures:
        page.paste(picture, (0, top))
        top += picture.height + GAP // 2
    return page
