"""Kinds of TIFF files: read from their tags, named, and which of them Pillow decodes wrongly.

TIFF is a frame for hundreds of kinds of pixels. Pillow reads the usual ones. It refuses others,
and some it decodes to other pixels without an error: `misread` has the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from PIL.ExifTags import Base
from PIL.TiffImagePlugin import ImageFileDirectory_v2

STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two are BigTIFF
UNSIGNED, SIGNED, FLOAT = 1, 2, 3  # SampleFormat
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, INKS, YCBCR, LAB = 0, 1, 2, 3, 5, 6, 8  # Photometric
COLORS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, INKS: 4, YCBCR: 3, LAB: 3}
JPEG, WEBP = (6, 7), 50001
DNG_VERSION = 50706

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
