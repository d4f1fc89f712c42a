"""Write docs/styles.md from the metadata of the shipped styles, and make its pictures.

python -m scripts.gallery.cards
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Any

from PIL import Image

from faststyle import load_style
from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.files.atomic import atomic_write
from faststyle.files.paths import SAMPLE_PHOTO
from faststyle.images.read import load_image
from faststyle.images.tensors import resize_long_edge
from faststyle.infer.repainter import side_by_side

CHECKOUT = Path(__file__).resolve().parents[2]
CHECKPOINTS = CHECKOUT / "checkpoints"
DOCS = CHECKOUT / "docs"
PICTURES = DOCS / "images" / "styles"
STRENGTHS = (0.25, 0.5, 0.75, 1.0)
MAX_BYTES = 400_000
CREDITS = {  # by loss network, for checkpoints whose metadata lacks the card of its weights
    "vgg19": "Visual Geometry Group, University of Oxford, CC BY 4.0",
    "vgg16": "Visual Geometry Group, University of Oxford, CC BY 4.0",
}
DATA = {"hub": "photos of {path}, {split}", "folder": "photos", "synthetic": "drawn pictures"}
INTRODUCTION = """# The styles that ship

`python -m infer --ckpt NAME photo.jpg` stylizes a photo, `--list` shows all styles. This page is
generated from the checkpoints' metadata by `scripts/gallery/cards.py`; `--ckpt NAME --describe`
prints all of it, and `scripts/gallery/train.py` trains the styles. The training times are in
[benchmarks.md](benchmarks.md). The photos are MS-COCO's. Losses are relative, on photos held out of
training: 0 is perfect, 1 as wrong as an empty picture. The content is the project's own drawing, at
strength 1 and, below, at strengths 0.25, 0.5, 0.75 and 1.
"""


def page(checkpoints: list[Path]) -> str:
    """Return the text of docs/styles.md."""
    return "\n".join([INTRODUCTION, *(card(path) for path in checkpoints)])


def card(path: Path) -> str:
    """Return the section of one checkpoint."""
    metadata = read_checkpoint(path).metadata
    name, title = path.stem, metadata["style"]["title"]
    rows = "\n".join(f"| {label} | {value} |" for label, value in facts(path, metadata))
    return (
        f"## {title}\n\n"
        f"![The drawn landscape in the style of {title}](images/styles/{name}.jpg)\n\n"
        f"![The same at four strengths](images/styles/{name}_strengths.jpg)\n\n"
        f"| | |\n|---|---|\n{rows}\n"
    )


def facts(path: Path, metadata: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the rows of a card; a row whose metadata is missing is left out."""
    style, training, loss = metadata["style"], metadata["training"], metadata["loss"]
    found = [
        ("name", f"`{path.stem}`, {path.stat().st_size / 1e6:.1f} MB"),
        ("style image", f"{style['title']}, {style['artist']}, {style['year']}; {style['rights']}"),
        ("learned from", _style_image(style)),
        ("loss network", _loss_network(metadata["loss_network"])),
        (
            "loss",
            f"{loss['formula']}: content {loss['content_weight']:g}, "
            f"style {loss['style_weight']:g}, total variation {loss['tv_weight']:g}",
        ),
        ("data", _data(metadata["data"])),
        (
            "training",
            f"{training['steps']} steps of batch {training['batch_size']}, "
            f"precision {training['precision']}, seed {training['seed']}{_start(training)}",
        ),
        ("network", "width {width}, {num_residual_blocks} residual blocks".format_map(
            metadata["network"])),
    ]  # fmt: skip
    metrics = metadata["metrics"]
    if "val/style_loss" in metrics:
        losses = [f"{k} {metrics[f'val/{k}_loss']:.3f}" for k in ("content", "style")]
        found.append(("losses", ", ".join(losses)))
    if "equivalent_lbfgs_iterations" in metrics:
        found.append(
            ("yardstick", f"worth {metrics['equivalent_lbfgs_iterations']} L-BFGS iterations")
        )
    return found


def _style_image(style: dict[str, Any]) -> str:
    image = style.get("image", "the style image")
    return f"{image}, long edge {style['size']} pixels, SHA-256 `{style['image_sha256'][:16]}...`"


def _loss_network(network: dict[str, Any]) -> str:
    credit = network.get("card") or CREDITS.get(network["name"], "see its source")
    return f"{network['name']} (`{network['weights']}`): {credit}"


def _data(data: dict[str, Any]) -> str:
    kind = DATA[data["source"]].format_map(data)
    return f"{data['num_images']} {kind}, crops of {data['image_size']} pixels"


def _start(training: dict[str, Any]) -> str:
    return f", started from `{training['init_from']}`" if "init_from" in training else ""


def as_jpeg(image: Image.Image, max_bytes: int = MAX_BYTES) -> bytes:
    """Encode at the best quality that fits into `max_bytes` bytes.

    Raises:
        ValueError: no quality does.
    """
    for quality in range(90, 30, -3):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True)
        if buffer.tell() <= max_bytes:
            return buffer.getvalue()
    raise ValueError(f"no JPEG quality gives at most {max_bytes} bytes")


def save_jpeg(image: Image.Image, path: Path, max_bytes: int = MAX_BYTES) -> None:
    """Save at the best quality that fits into `max_bytes` bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = as_jpeg(image, max_bytes)
    with atomic_write(path) as partial:
        partial.write_bytes(data)
    print(f"{path}: {image.width} x {image.height}, {len(data)} bytes")


def strength_row(checkpoint: Path, size: int, shown: int) -> Image.Image:
    """Return the landscape at every strength, side by side.

    Args:
        checkpoint: the style.
        size: long edge at which it is stylized, pixels.
        shown: long edge of each picture in the row, pixels.
    """
    content, style = resize_long_edge(load_image(SAMPLE_PHOTO), size), load_style(checkpoint)
    return side_by_side([resize_long_edge(style(content, at), shown) for at in STRENGTHS])


def main() -> None:
    argparse.ArgumentParser(description="Write docs/styles.md and its pictures.").parse_args()
    checkpoints = sorted(CHECKPOINTS.glob("*.safetensors"))
    for path in checkpoints:
        content = resize_long_edge(load_image(SAMPLE_PHOTO), 640)
        save_jpeg(
            resize_long_edge(load_style(path)(content), 480), PICTURES / f"{path.stem}.jpg", 100_000
        )
        save_jpeg(strength_row(path, 480, 320), PICTURES / f"{path.stem}_strengths.jpg", 150_000)
    with atomic_write(DOCS / "styles.md") as partial:
        partial.write_text(page(checkpoints), encoding="utf-8")


if __name__ == "__main__":
    main()
