"""One mask for all photos, one for each, or the photo's own alpha."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from PIL import Image, ImageChops

from faststyle.errors import UserError
from faststyle.images.formats import find_pictures
from faststyle.images.read import Photo, load_photo


class MaskFiles:
    """A mask file for all photos, a folder with one for each, or the photos' own alpha.

    Args:
        given: the file or folder, or "alpha".

    Raises:
        UserError: the mask cannot be read, or the folder cannot be listed or has two masks of one
            name.
    """

    def __init__(self, given: str):
        self.given = given
        self.path = Path(given)
        self._mask: Image.Image | None = None
        if given == "alpha":
            return
        if self.path.is_dir():
            self._by_stem: dict[str, Path] = {}
            for file in find_pictures(self.path, recursive=False).paths:
                other = self._by_stem.setdefault(file.stem, file)
                if other != file:
                    raise UserError(
                        f"--mask {self.path}: {other.name} and {file.name} are both the mask of "
                        f"{file.stem}; leave one of them there"
                    )
        else:
            self._mask = _load_mask(self.path)

    def check_one_each(self, photos: Iterable[Path]) -> None:
        """Refuse photos of one name in two folders, for which there is one mask.

        In one folder they are one photo in two formats, such as HEIC and JPEG.

        Raises:
            UserError: there are two; the message names both.
        """
        if self.given == "alpha" or self._mask is not None:
            return
        seen: dict[str, Path] = {}
        for photo in photos:
            other = seen.setdefault(photo.stem, photo)
            if photo.stem in self._by_stem and other.parent != photo.parent:
                raise UserError(
                    f"--mask {self.path}: {self._by_stem[photo.stem].name} is one mask for two "
                    f"photos, {other} and {photo}; stylize them one after the other"
                )

    def of(self, path: Path, photo: Photo) -> Image.Image:
        """The mask for a photo, mode "L", of any size.

        Raises:
            UserError: there is none, or it cannot be read.
        """
        if self.given == "alpha":
            if photo.alpha is None:
                raise UserError(f"--mask alpha: {path} has no alpha channel")
            return photo.alpha
        return self._mask or _load_mask(self._file_for(path))

    def of_clip(self, path: Path) -> Image.Image:
        """The mask for all frames of a clip, mode "L", of any size.

        Raises:
            UserError: there is none, or it cannot be read.
        """
        if self.given == "alpha":
            raise UserError(f"--mask alpha: {path} has no alpha channel; give a picture file")
        return self._mask or _load_mask(self._file_for(path))

    def digest_for(self, path: Path, digest: Callable[[Path], str]) -> str:
        """`digest` of the file with the mask for a photo; "alpha" where the photo has its own.

        Raises:
            UserError: there is none.
        """
        return "alpha" if self.given == "alpha" else digest(self._file_for(path))

    def _file_for(self, path: Path) -> Path:
        if self._mask is not None:
            return self.path
        if path.stem not in self._by_stem:
            raise UserError(f"--mask {self.path}: no mask named {path.stem} there, for {path}")
        return self._by_stem[path.stem]


def _load_mask(path: Path) -> Image.Image:
    """Mode "L"; a mask drawn as transparency alone counts by its alpha."""
    mask = load_photo(path)
    for note in mask.notes:
        print(f"infer: {note}", file=sys.stderr)
    levels = mask.image.convert("L")
    return levels if mask.alpha is None else ImageChops.multiply(levels, mask.alpha)
