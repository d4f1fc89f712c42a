"""Picture files as they come in life: every kind, odd shapes, odd names, damaged ones."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms
from PIL.ExifTags import IFD, Base
from PIL.Image import Transpose

from tests.support.awkward_profiles import ADOBE_RGB, GREY, SWAPPED_INKS, from_srgb
from tests.support.pictures import png

Color = tuple[int, int, int]
# Top left, top right, bottom left, bottom right; within the gamut of print.
CORNERS: tuple[Color, ...] = ((200, 60, 50), (60, 170, 80), (50, 70, 180), (230, 220, 200))
GREYS: tuple[Color, ...] = ((20, 20, 20), (90, 90, 90), (160, 160, 160), (240, 240, 240))
SIZE = (48, 32)
DATE, COPYRIGHT = "2024:05:06 07:08:09", "\u00a9 someone"
# EXIF orientation -> what a camera held so does to an upright picture.
STORED = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_90,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_270,
}


@dataclass(frozen=True)
class Awkward:
    """A file, and what must come of it.

    Attributes:
        size: upright; None where the file must be refused.
        says: part of the refusal, or of the note; empty where nothing must be said.
        corners: the colors a quarter in from each corner.
        tolerance: levels by which they may be off.
        alpha: transparency at the same places, or None.
    """

    name: str
    path: Path
    size: tuple[int, int] | None = SIZE
    says: str = ""
    corners: tuple[Color, ...] = CORNERS
    tolerance: int = 0
    alpha: tuple[int, ...] | None = None


def quarters(colors: tuple[Any, ...] = CORNERS, mode: str = "RGB") -> Image.Image:
    """A picture of four plain rectangles."""
    image = Image.new(mode, (2, 2))
    image.putdata(colors)
    return image.resize(SIZE, Image.Resampling.NEAREST)


def with_alpha(image: Image.Image) -> Image.Image:
    image = image.copy()
    image.putalpha(quarters((255, 128, 1, 255), "L"))
    return image


def exif(**tags: object) -> Image.Exif:
    """From names of PIL.ExifTags.Base, all in the main directory."""
    made = Image.Exif()
    for name, value in tags.items():
        made[Base[name]] = value
    return made


def talkative() -> Image.Exif:
    """When, whose and with what a photo was taken, that it stands on its head, and where."""
    told = exif(DateTime=DATE, Copyright=COPYRIGHT.encode(), Make="Camera", Orientation=3)
    told[IFD.Exif] = {Base.DateTimeOriginal: DATE, Base.LensModel: "Lens"}
    told[IFD.GPSInfo] = {1: "N", 2: (47.0, 22.0, 0.0)}
    return told


def tiff_16_bit(levels: np.ndarray) -> bytes:
    """(H, W, 3) levels of 16 bits, uncompressed, little-endian."""
    height, width, _ = levels.shape
    tags = {
        **{256: (4, 1, width), 257: (4, 1, height), 258: (3, 3, 200), 259: (3, 1, 1)},
        **{262: (3, 1, 2), 273: (4, 1, 206), 277: (3, 1, 3), 278: (4, 1, height)},
        279: (4, 1, levels.nbytes),
    }
    entries = b"".join(struct.pack("<HHII", tag, *rest) for tag, rest in tags.items())
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    return head.ljust(200, b"\0") + struct.pack("<3H", 16, 16, 16) + levels.astype("<u2").tobytes()


def write_awkward_files(folder: Path) -> list[Awkward]:
    """Make them all in a new or empty `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    made: list[Awkward] = []

    def add(name: str, write, options: dict[str, Any] | None = None, **expected: Any) -> None:
        """`write`: a picture, or bytes, or a function of the path."""
        path = folder / name
        if isinstance(write, Image.Image):
            write.save(path, **(options or {}))
        elif isinstance(write, bytes):
            path.write_bytes(write)
        else:
            write(path)
        made.append(Awkward(name, path, **expected))

    refused = {"size": None}
    rgb, grey = quarters(), quarters(tuple(level for level, *_ in GREYS), "L")
    sharp = {"quality": 95, "subsampling": "4:4:4"}
    close = {"tolerance": 5}

    # Modes.
    add("plain.jpg", rgb, sharp, **close)
    add("progressive.jpg", rgb, {**sharp, "progressive": True}, **close)
    add("grey.jpg", grey, sharp, corners=GREYS, **close)
    add("print.jpg", rgb.convert("CMYK"), {"quality": 95}, **close)
    add("print.tif", rgb.convert("CMYK"))
    # Its profile says that yellow and cyan have changed places.
    inks = quarters(((0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 255))).convert("CMYK")
    pure = {"corners": ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255,) * 3), "tolerance": 12}
    add("print_profile.tif", inks, {"icc_profile": SWAPPED_INKS}, **pure)
    add("print_profile.jpg", inks, {"quality": 95, "icc_profile": SWAPPED_INKS}, **pure)
    add("video_levels.tif", rgb.convert("YCbCr"), tolerance=3)
    lab = ImageCms.profileToProfile(
        rgb, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    add("lab.tif", lab, tolerance=4)
    add("grey.png", grey, corners=GREYS)
    black_white = ((0,) * 3, (255,) * 3, (0,) * 3, (255,) * 3)
    bits = quarters((0, 255, 0, 255), "1")
    add("fax.png", bits, corners=black_white)
    add("fax.tif", bits, {"compression": "group4"}, corners=black_white)
    palette = rgb.convert("P", palette=Image.Palette.ADAPTIVE)
    add("palette.png", palette)
    add("palette.bmp", palette)
    # Deep ones.
    deep = np.asarray(grey).astype(np.uint16) * 257
    add("deep.png", Image.fromarray(deep), corners=GREYS)
    add("deep.tif", Image.fromarray(deep), corners=GREYS)
    add("deeper.tif", Image.fromarray(deep.astype(np.int32)), corners=GREYS)
    floats = np.asarray(grey, dtype=np.float32)
    add("float.tif", Image.fromarray(floats / 255), corners=GREYS)
    add("float_255.tif", Image.fromarray(floats), corners=GREYS)
    deep_rgb = np.asarray(rgb).astype(np.uint16) * 257
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep_rgb)
    add("deep_color.png", png(*SIZE, 16, 2, rows))
    add("deep_color.tif", tiff_16_bit(deep_rgb))
    # Transparency.
    quarter_alpha = (255, 128, 1, 255)
    for name in ("clear.png", "clear.tif"):
        add(name, with_alpha(rgb), alpha=quarter_alpha)
    add("clear.webp", with_alpha(rgb), {"lossless": True}, alpha=quarter_alpha)
    add("clear_grey.png", with_alpha(grey), corners=GREYS, alpha=quarter_alpha)
    holes = (CORNERS[0], CORNERS[1], (255,) * 3, CORNERS[3])  # what is fully clear becomes white
    hole = {"corners": holes, "alpha": (255, 255, 0, 255)}
    add("hole.png", rgb, {"transparency": CORNERS[2]}, **hole)
    index = palette.getpixel((5, SIZE[1] - 5))
    assert isinstance(index, int)
    add("hole.gif", palette, {"transparency": index}, **hole)
    shades = bytes(64 if i == index else 255 for i in range(4))
    add("shade.png", palette, {"transparency": shades}, alpha=(255, 255, 64, 255))
    # More than one picture.
    film = {"save_all": True, "append_images": [quarters(GREYS), quarters(GREYS[::-1])]}
    add("film.gif", rgb, film, says="film.gif: animated, only its first frame")
    add("film.png", rgb, film, says="film.png: animated, only its first frame")
    add("film.webp", rgb, {**film, "lossless": True}, says="film.webp: animated, only its first")
    add("pages.tif", rgb, film, says="pages.tif: 3 pages, only the first")
    add("small.avif", rgb, {"quality": 95, "subsampling": "4:4:4"}, **close)
    add("plain.ppm", rgb)
    # Orientation.
    add("upright.jpg", rgb, {**sharp, "exif": exif(Orientation=1)}, **close)
    for orientation, turn in STORED.items():
        options = {"exif": exif(Orientation=orientation)}
        add(f"turned_{orientation}.jpg", rgb.transpose(turn), {**sharp, **options}, **close)
        add(f"turned_{orientation}.tif", rgb.transpose(turn), options)
    turned = {"exif": exif(Orientation=6)}
    add("turned.png", with_alpha(rgb).transpose(STORED[6]), turned, alpha=quarter_alpha)
    add("turned.webp", rgb.transpose(STORED[6]), {**turned, "lossless": True})
    # Colour profiles and metadata.
    add("wide.jpg", from_srgb(rgb, ADOBE_RGB), {**sharp, "icc_profile": ADOBE_RGB}, tolerance=6)
    add("wide.png", with_alpha(from_srgb(rgb, ADOBE_RGB)), {"icc_profile": ADOBE_RGB},
        alpha=quarter_alpha, tolerance=2)  # fmt: skip
    add("grey_profile.png", from_srgb(grey, GREY), {"icc_profile": GREY},
        corners=GREYS, tolerance=2)  # fmt: skip
    add("profile_broken.jpg", rgb, {**sharp, "icc_profile": b"not a profile" * 20},
        says="profile is broken, taken as sRGB", **close)  # fmt: skip
    add("profile_of_print.jpg", rgb, {**sharp, "icc_profile": SWAPPED_INKS},
        says="profile is for CMYK and does not fit RGB", **close)  # fmt: skip
    add(
        "exif_broken.jpg", rgb, {**sharp, "exif": b"Exif\0\0II*\0\xff\xff\0\0" + b"x" * 40}, **close
    )
    add("told.jpg", rgb.transpose(STORED[3]), {**sharp, "exif": talkative()}, **close)
    # Shapes and names.
    for width, height in ((1, 1), (1, 5000), (5000, 1), (3, 3)):
        flat = Image.new("RGB", (width, height), CORNERS[0])
        add(f"{width}x{height}.png", flat, size=(width, height), corners=(CORNERS[0],) * 4)
    add("\u043b\u0435\u0442\u043e \u00fc\u6e56\U0001f3d6.png", rgb)
    add("long" * 60 + ".png", rgb)
    add("-dash.png", rgb)
    add("UPPER.PNG", rgb)
    add("really_png.jpg", rgb, {"format": "PNG"})
    add("no_suffix", rgb, {"format": "PNG"})
    # What is none.
    whole = made[0].path.read_bytes()
    add("cut.jpg", whole[: len(whole) // 2], says="truncated", **refused)
    whole = (folder / "wide.png").read_bytes()
    add("cut.png", whole[: len(whole) * 2 // 3], says="truncated", **refused)
    for name in ("clear.webp", "turned_3.tif", "small.avif"):
        whole = (folder / name).read_bytes()
        add(f"cut_{name}", whole[: len(whole) * 2 // 3], says="truncated", **refused)
    add("empty.jpg", b"", says="empty", **refused)
    add("text.jpg", b"Dear diary, today I saw a picture.", says="not a picture", **refused)
    add("bomb.png", png(60000, 60000, 8, 2, bytes(99)), says="60000 x 60000", **refused)
    add("folder.png", lambda path: path.mkdir(), says="folder", **refused)
    add("dangling.png", lambda path: path.symlink_to("nowhere"), says="link to nothing", **refused)
    add("missing.png", lambda path: None, says="no such picture", **refused)
    add("pipe.png", lambda path: os.mkfifo(path), says="pipe", **refused)
    add("camera.nef", b"II*\0" + bytes(60), says="export it as JPEG", **refused)
    heic = struct.pack(">I", 24) + b"ftypheic" + bytes(4) + b"mif1heic" + bytes(40)
    add("phone.heic", heic, says="pip install pillow-heif", **refused)
    return made
