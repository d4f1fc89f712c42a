"""Tiny pictures and how to look at them."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from faststyle.images.read import load_image
from faststyle.images.tensors import to_tensor


def noise_picture(seed: int, width: int = 48, height: int = 40) -> Image.Image:
    """A gradient with coarse blocks: structure at more than one scale, cheap to make."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    blocks = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=float)
    levels = blocks + rng.normal(0, 12, blocks.shape)
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))


def save_animated(path: Path) -> None:
    """Write a GIF of two frames, of which only the first is used."""
    first, second = noise_picture(0, 60, 50), noise_picture(1, 60, 50)
    first.save(path, save_all=True, append_images=[second])


def written(folder: Path) -> dict[str, tuple[int, int]]:
    """Name and size of every picture under a folder."""
    found = {}
    for path in sorted(folder.rglob("*.*")):
        with Image.open(path) as image:
            found[path.relative_to(folder).as_posix()] = image.size
    return found


RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def at_quarters(image: Image.Image) -> list:
    """The pixels a quarter in from each corner: top left, top right, bottom left, bottom right."""
    columns, rows = (
        [int(part * (side - 1)) for part in (0.25, 0.75)] for side in (image.width, image.height)
    )
    return [image.getpixel((x, y)) for y in rows for x in columns]


def random_photo(height: int, width: int) -> Tensor:
    """Pixels of chance, (1, 3, height, width), always the same."""
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(1))


def noise_batch(size: int, *seeds: int) -> Tensor:
    """Square noise pictures, (N, 3, size, size) in [0, 1], one a seed."""
    return torch.cat([to_tensor(noise_picture(seed, size, size)) for seed in seeds])


def pixels_of(path: Path | str) -> np.ndarray:
    """Levels of a picture file, (H, W, 3) whole numbers."""
    return np.asarray(load_image(path), dtype=int)


def png(width: int, height: int, bits: int, kind: int, rows: bytes) -> bytes:
    """A PNG of what Pillow cannot write; `kind` is the color type, `rows` are filtered."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
