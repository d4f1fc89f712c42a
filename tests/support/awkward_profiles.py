"""Small ICC profiles written by hand (ICC.1:2001-04): wide RGB, grey with a gamma, print."""

from __future__ import annotations

import io
import struct
from itertools import product

from PIL import Image, ImageCms


def profile(space: bytes, connection: bytes, device: bytes, tags: dict[bytes, bytes]) -> bytes:
    body, table = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"", 0x02400000, device, space, connection)
    head += struct.pack(">6H4s", 2000, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + WHITE
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def xyz(*values: float) -> bytes:
    return b"XYZ " + bytes(4) + fixed(*values)


def gamma(value: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(value * 256))


def swapped_inks() -> bytes:
    """A lut8 table of the sixteen corners of CMYK: cyan and yellow have changed places."""
    inks = product((0, 255), repeat=4)
    colors = bytes((255 - ink) * (255 - k) // 255 for c, m, y, k in inks for ink in (y, m, c))
    lab = ImageCms.profileToProfile(
        Image.frombytes("RGB", (16, 1), colors),
        ImageCms.createProfile("sRGB"),
        ImageCms.createProfile("LAB"),
        outputMode="LAB",
    )
    assert lab is not None
    # Pillow hands out a and b as signed bytes, the profile has them plus 128.
    table = bytes(v ^ 128 if i % 3 else v for i, v in enumerate(lab.tobytes()))
    head = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    straight = bytes(range(256))
    return head + straight * 4 + table + straight * 3


WHITE = fixed(0.9642, 1.0, 0.8249)
ADOBE_RGB = profile(
    b"RGB ",
    b"XYZ ",
    b"mntr",
    {
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.60974, 0.31111, 0.01947),
        b"gXYZ": xyz(0.20528, 0.62567, 0.06087),
        b"bXYZ": xyz(0.14919, 0.06322, 0.74457),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), gamma(2.2)),
    },
)
GREY = profile(b"GRAY", b"XYZ ", b"mntr", {b"wtpt": xyz(0.9642, 1.0, 0.8249), b"kTRC": gamma(1.4)})
SWAPPED_INKS = profile(b"CMYK", b"Lab ", b"prtr", {b"A2B0": swapped_inks()})


def from_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Levels that show with `profile` what `image`, RGB or grey, shows in sRGB."""
    source = ImageCms.createProfile("sRGB")
    target = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    rgb = image.convert("RGB")
    converted = ImageCms.profileToProfile(rgb, source, target, outputMode=image.mode)
    assert converted is not None
    return converted
