"""TIFF files of kinds that Pillow cannot read or reads wrongly: named, and read by tifffile.

TIFF is a frame for hundreds of kinds of pixels. Pillow reads the usual ones. It refuses others,
and some it decodes to something else without an error: `misread` has the list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from PIL import Image
from PIL.ExifTags import Base
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from faststyle.errors import UserError
from faststyle.images.exif import KEPT, texts
from faststyle.images.srgb import BLOCK_PIXELS, float_top

STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two are BigTIFF
UNSIGNED, SIGNED, FLOAT = 1, 2, 3  # SampleFormat
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, INKS, YCBCR, LAB = 0, 1, 2, 3, 5, 6, 8  # Photometric
COLORS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, INKS: 4, YCBCR: 3, LAB: 3}
JPEG, WEBP = (6, 7), 50001
DNG_VERSION, PROFILE = 50706, 34675

PHOTOMETRICS = {
    **{WHITE_IS_ZERO: "gray with white as zero", BLACK_IS_ZERO: "gray", RGB: "RGB"},
    **{PALETTE: "palette", INKS: "CMYK", YCBCR: "YCbCr", LAB: "CIELAB", 9: "ICCLAB", 10: "ITULAB"},
}
COMPRESSIONS = {
    **{1: "uncompressed", 2: "CCITT", 3: "CCITT", 4: "CCITT", 5: "LZW", 6: "JPEG", 7: "JPEG"},
    **{8: "deflate", 32946: "deflate", 32773: "PackBits", 34712: "JPEG 2000", 34925: "LZMA"},
    **{50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL"},
}


@dataclass(frozen=True)
class Kind:
    """How the pixels of a TIFF's first page are stored; numbers as in TIFF 6.0."""

    big_endian: bool
    photometric: int
    bits: int
    format: int
    samples: int
    planes: bool  # one for each channel
    compression: int
    extra: tuple[int, ...]  # what the samples after the colors are: 1 and 2 are alpha
    subsampled: bool

    def __str__(self) -> str:
        numbers = {UNSIGNED: "bits", SIGNED: "bits with sign", FLOAT: "bits of float"}
        parts = [
            PHOTOMETRICS.get(self.photometric, f"photometric {self.photometric}"),
            f"{self.bits} {numbers.get(self.format, 'bits of another format')} a channel",
            COMPRESSIONS.get(self.compression, f"compression {self.compression}"),
        ]
        if extra := self.samples - COLORS.get(self.photometric, self.samples):
            parts.insert(1, f"{extra} extra channel{'s' if extra > 1 else ''}")
        return ", ".join([*parts, *["in planes"] * self.planes, *["subsampled"] * self.subsampled])


def read_tags(file: IO[bytes]) -> ImageFileDirectory_v2 | None:
    """The tags of a TIFF's first page; None where they are damaged."""
    file.seek(0)
    try:
        header = file.read(8)
        header += file.read(8) if b"+" in header[2:4] else b""
        tags = ImageFileDirectory_v2(header)
        file.seek(tags.next)
        tags.load(file)
        return tags if Base.ImageWidth in tags and Base.ImageLength in tags else None
    except Exception:  # damaged bytes raise nearly anything
        return None


def kind_of(tags: ImageFileDirectory_v2) -> Kind:
    bits, formats = tags.get(Base.BitsPerSample, (1,)), tags.get(Base.SampleFormat, (1,))
    photometric, compression = tags.get(Base.PhotometricInterpretation, 0), tags.get(259, 1)
    coarse = tags.get(Base.YCbCrSubSampling, (2, 2)) != (1, 1)
    return Kind(
        big_endian=tags.prefix == b"MM",
        photometric=photometric,
        bits=max(bits),
        format=formats[0],
        samples=tags.get(Base.SamplesPerPixel, 1),
        planes=tags.get(Base.PlanarConfiguration, 1) == 2,
        compression=compression,
        extra=tuple(tags.get(Base.ExtraSamples, ())),
        subsampled=photometric == YCBCR and compression not in JPEG and coarse,
    )


def misread(tags: ImageFileDirectory_v2) -> bool:
    """Whether Pillow opens a file with these tags and decodes it to other pixels, or fails."""
    kind = kind_of(tags)
    raw = kind.compression == 1
    return (
        DNG_VERSION in tags  # its first page is a thumbnail
        or (kind.planes and kind.bits > 8 and raw)
        or (kind.planes and kind.samples > 1 and kind.photometric in (0, 1))
        or (kind.planes and ((raw and 0 in kind.extra) or 1 in kind.extra))
        or (kind.photometric == WHITE_IS_ZERO and kind.bits > 8)
        or (kind.format == UNSIGNED and kind.bits in (12, 32))
        or (kind.format == SIGNED and kind.bits < 32)
        or (kind.format == FLOAT and kind.big_endian and not raw)
        or (kind.compression in JPEG and kind.bits > 8)
        or kind.compression == WEBP  # Pillow's own builds lack it
        or kind.subsampled
    )


def decode(file: IO[bytes], name: str, tags: ImageFileDirectory_v2) -> Image.Image:
    """The first page by tifffile: 8 bits a channel, its profile and EXIF in `info`.

    Integers are scaled from their whole range, floats as `srgb.float_top` says.

    Raises:
        UserError: tifffile, or imagecodecs for the compression, is not installed; it cannot read
            this kind either; the file is cut short.
    """
    kind = kind_of(tags)
    what = f"cannot read picture {name}: a TIFF of a kind that Pillow cannot read ({kind})"
    if kind.photometric not in COLORS or kind.subsampled:
        raise UserError(f"{what}; save it as PNG")
    try:
        pixels, axes = _read_pixels(file)
    except (UserError, MemoryError):
        raise
    except Exception as error:  # of another class for each compression
        for package in ("tifffile", "imagecodecs"):
            if package in str(error):
                raise UserError(f"{what}; first run pip install {package}") from None
        raise ValueError(error) from error
    if axes == "SYX":
        pixels, axes = np.moveaxis(pixels, 0, -1), "YXS"
    if axes not in ("YX", "YXS"):
        raise UserError(f"{what}; save it as PNG")
    image = _to_image(pixels.reshape(*pixels.shape[:2], -1), kind)
    image.info.update(_info(tags))
    return image


def _read_pixels(file: IO[bytes]) -> tuple[np.ndarray, str]:
    """What the first page holds and the order of its axes: "YX", "YXS" or "SYX"."""
    import tifffile

    file.seek(0)
    with tifffile.TiffFile(file) as tiff:
        page: Any = tiff.pages[0]
        ends = map(sum, zip(page.dataoffsets, page.databytecounts, strict=True))
        if max(ends, default=0) > tiff.filehandle.size:
            raise ValueError("truncated, its end is missing")
        try:
            return page.asarray(), page.axes
        except ImportError as error:
            raise ValueError("imagecodecs is missing") from error


def _to_image(pixels: np.ndarray, kind: Kind) -> Image.Image:
    """From (H, W, samples) of any type to 8 bits: L, LA, RGB, RGBA, CMYK or LAB."""
    colors = COLORS[kind.photometric]
    size = (pixels.shape[1], pixels.shape[0])
    if kind.photometric == LAB:
        return Image.frombytes("LAB", size, _lab_levels(pixels[..., :3], kind.bits).tobytes())
    levels = _levels(pixels, colors, kind)
    if kind.photometric == WHITE_IS_ZERO:
        levels[..., 0] = 255 - levels[..., 0]
    alpha = kind.extra[0] if kind.extra and levels.shape[2] > colors else 0
    if alpha not in (1, 2):
        mode = {1: "L", 3: "RGB", 4: "CMYK"}[colors]
        return Image.frombytes(mode, size, np.ascontiguousarray(levels[..., :colors]).tobytes())
    levels = np.ascontiguousarray(levels[..., : colors + 1])
    if colors == 4:  # no mode has inks and alpha: put on white, which is no ink
        share = levels[..., 4:] / np.float32(255) if alpha == 2 else 1
        return Image.frombytes("CMYK", size, (levels[..., :4] * share).astype(np.uint8).tobytes())
    if alpha == 1:  # the colors are multiplied by it
        mode = {1: "La", 3: "RGBa"}[colors]
        return Image.frombytes(mode, size, levels.tobytes()).convert(mode.upper())
    return Image.frombytes({1: "LA", 3: "RGBA"}[colors], size, levels.tobytes())


def _levels(pixels: np.ndarray, colors: int, kind: Kind) -> np.ndarray:
    """uint8 in 0..255, of the same shape."""
    if kind.format == FLOAT:
        top = float_top(float(np.nan_to_num(pixels[..., :colors]).max()))
    else:
        top = 2.0 ** (kind.bits - (kind.format == SIGNED)) - 1
    levels = np.empty(pixels.shape, np.uint8)
    rows = max(1, BLOCK_PIXELS // pixels.shape[1])
    for start in range(0, len(pixels), rows):
        block = np.nan_to_num(pixels[start : start + rows].astype(np.float32)).clip(0, top)
        levels[start : start + rows] = (block * np.float32(255 / top)).round()
    return levels


def _lab_levels(pixels: np.ndarray, bits: int) -> np.ndarray:
    """8 bits as TIFF stores them: lightness in 0..255, the others with sign."""
    if bits == 8:
        return np.ascontiguousarray(pixels)
    lightness = (pixels[..., :1] / np.float32(257)).round().astype(np.uint8)
    others = (pixels[..., 1:].view(np.int16) / np.float32(256)).round().clip(-128, 127)
    return np.concatenate([lightness, others.astype(np.int8).view(np.uint8)], axis=2)


def _info(tags: ImageFileDirectory_v2) -> Mapping[str, bytes]:
    exif = Image.Exif()
    exif.update(texts(tags, KEPT))
    exif[Base.Orientation] = tags.get(Base.Orientation, 1)
    profile = tags.get(PROFILE)
    return {"exif": exif.tobytes(), **({"icc_profile": profile} if profile else {})}
