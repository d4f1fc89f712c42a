"""The end of a run: measure, write the style checkpoint, stylize a sample, print what follows."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import torch
from torch import Tensor

from faststyle.checkpoints.run_folder import RunFolder
from faststyle.checkpoints.style_checkpoint import write_checkpoint
from faststyle.config.train import TrainConfig
from faststyle.data.datamodule import ContentData
from faststyle.evaluate.artifacts import TILE
from faststyle.evaluate.strokes import viewer_figures
from faststyle.evaluate.yardstick import equivalent_within
from faststyle.files.atomic import atomic_write
from faststyle.files.paths import SAMPLE_PHOTO
from faststyle.images.read import load_image
from faststyle.images.write import save_image
from faststyle.rendering.stylizer import load_style
from faststyle.train import distributed
from faststyle.train.module import StyleTransfer
from faststyle.train.next_steps import next_steps
from faststyle.train.photo_end import learn_from_run
from faststyle.train.provenance import RunRecord

YARDSTICK_SHARE = 0.08  # of the run's time, to stay under a tenth


def finish(
    config: TrainConfig,
    module: StyleTransfer,
    record: RunRecord,
    content: ContentData,
    folder: RunFolder,
    seconds: float,
    base_photo_end: Mapping[str, Tensor] | None,
    style_image: Tensor,
) -> Path:
    """Measure the trained style, write its checkpoint, stylize a sample, print what follows.

    Args:
        record: of the run, after its last step.
        seconds: duration of all steps.
        base_photo_end: see `learn_from_run`.
        style_image: (1, 3, H, W) in [0, 1], as it was learned.
    """
    path = Path(config.checkpoint_dir) / f"{config.checkpoint_name}.safetensors"
    if not distributed.is_main_process():
        return path
    print(
        f"{config.style.title}: {record.training['steps']} steps, {seconds:.0f} s; on held-out "
        f"photos style loss {record.metrics['val/style_loss']:.3g}, content loss "
        f"{record.metrics['val/content_loss']:.3g} (0 is perfect, 1 an empty picture)."
    )
    if config.trainer.yardstick:
        iterations, cost = equivalent_within(
            module.perceptual_loss,
            module.transform_net,
            content.val_photos(),
            YARDSTICK_SHARE * seconds,
        )
        if iterations is not None:
            record = record.with_metric("equivalent_lbfgs_iterations", str(iterations))
            print(f"One pass is worth {iterations} L-BFGS iterations ({cost:.0f} s to measure).")
    print_viewer_figures(module, content.val_photos(), style_image)
    photo_end = None
    if config.trainer.photo_steps:
        photo_end = learn_from_run(config, module, content, base_photo_end)
        record = record.with_photo_end(config.trainer.photo_steps)
    earlier = _keep_earlier(path)
    write_checkpoint(path, module.transform_net, record.metadata(), photo_end)
    if earlier is not None and earlier.read_bytes() == path.read_bytes():
        earlier.unlink()  # the same run, finished once more
        earlier = None
    save_image(load_style(path)(load_image(SAMPLE_PHOTO)), folder.sample)
    print(f"Style checkpoint: {path}. A picture stylized with it: {folder.sample}")
    if earlier is not None:
        print(f"The {path.stem} that was there before is now {earlier}")
    print("Next:")
    for command, gives in next_steps(config, path):
        print(f"  {command}\n      {gives}")
    return path


@torch.no_grad()
def print_viewer_figures(module: StyleTransfer, photos: Tensor, style_image: Tensor) -> None:
    """Print the medians over photos (N, 3, H, W) of what viewers miss most.

    Pictures too small to have such figures get no line.
    """
    if min(photos.shape[-2:]) < TILE:
        return
    net = module.transform_net
    was_training = net.training
    net.eval()
    device = module.perceptual_loss.loss_network.mean.device
    found = [
        viewer_figures(net(photo.to(device)).clamp(0, 1).cpu(), photo, style_image)
        for photo in photos.split(1)
    ]
    net.train(was_training)
    contrast, grid = (statistics.median(f[name] for f in found) for name in found[0])
    print(
        f"Strokes in flat areas have {contrast:.2f} of the style image's contrast; regular grids "
        f"have {grid:.0%} of the fine detail."
    )


def _keep_earlier(path: Path) -> Path | None:
    """Copy an earlier checkpoint of that name aside, under the next free number."""
    if not path.exists():
        return None
    names = (path.with_name(f"{path.stem}_{number}{path.suffix}") for number in count(1))
    kept = next(name for name in names if not name.exists())
    with atomic_write(kept) as partial:
        partial.write_bytes(path.read_bytes())
    return kept


def report_skipped(skipped: set[str], path: Path) -> None:
    """Write the photos that could not be used to `path`, a line each, and print how many."""
    if skipped and distributed.is_main_process():
        path.write_text("".join(f"{name}\n" for name in sorted(skipped)), encoding="utf-8")
        print(
            f"{len(skipped)} photos could not be used, {sorted(skipped)[0]} the first; "
            f"all are in {path}",
            file=sys.stderr,
        )
