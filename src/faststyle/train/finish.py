"""The end of a run: what it gave, measured, written and told."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from faststyle.checkpoints.run_folder import stylized_sample
from faststyle.checkpoints.style_checkpoint import write_checkpoint
from faststyle.config.train import TrainConfig
from faststyle.data.datamodule import ContentData
from faststyle.evaluate.yardstick import equivalent_within
from faststyle.files.atomic import atomic_write
from faststyle.files.paths import SAMPLE_PHOTO
from faststyle.images.read import load_image
from faststyle.images.write import save_image
from faststyle.rendering.stylizer import load_style
from faststyle.train import distributed
from faststyle.train.module import StyleTransfer
from faststyle.train.photo_end import learn_from_run

YARDSTICK_SHARE = 0.08  # of the run's time, to stay under a tenth


def finish(
    config: TrainConfig, module: StyleTransfer, content: ContentData, run_dir: Path, seconds: float
) -> Path:
    """Measure what the run gave, write the style checkpoint, paint a picture, say what is next."""
    path = Path(config.checkpoint_dir) / f"{config.style.name}.safetensors"
    if not distributed.is_main_process():
        return path
    metrics = module.metadata["metrics"]
    print(
        f"{config.style.title}: {module.metadata['training']['steps']} steps, {seconds:.0f} s; "
        f"on held-out photos style loss {metrics['val/style_loss']:.3g}, "
        f"content loss {metrics['val/content_loss']:.3g} (0 is perfect, 1 an empty picture)."
    )
    if config.trainer.yardstick:
        iterations, cost = equivalent_within(
            module.perceptual_loss,
            module.transform_net,
            content.val_photos(),
            YARDSTICK_SHARE * seconds,
        )
        if iterations is not None:
            metrics["equivalent_lbfgs_iterations"] = str(iterations)
            print(f"One pass is worth {iterations} L-BFGS iterations ({cost:.0f} s to measure).")
    photo_end = learn_from_run(config, module, content) if config.trainer.photo_steps else None
    earlier = _keep_earlier(path)
    write_checkpoint(path, module.transform_net, module.metadata, photo_end)
    if earlier is not None and earlier.read_bytes() == path.read_bytes():
        earlier.unlink()  # the same run, finished once more
        earlier = None
    sample = stylized_sample(run_dir)
    save_image(load_style(path)(load_image(SAMPLE_PHOTO)), sample)
    print(f"Style checkpoint: {path}. A picture painted with it: {sample}")
    if earlier is not None:
        print(f"The {config.style.name} that was there before is now {earlier}")
    print(f"Next:\n{_next_steps(config, path)}")
    return path


def _keep_earlier(path: Path) -> Path | None:
    """Put a checkpoint of that name aside, under the next free number: hours may be in it."""
    if not path.exists():
        return None
    names = (path.with_name(f"{path.stem}_{number}{path.suffix}") for number in count(1))
    kept = next(name for name in names if not name.exists())
    with atomic_write(kept) as partial:
        partial.write_bytes(path.read_bytes())
    return kept


def _next_steps(config: TrainConfig, path: Path) -> str:
    """Three commands that follow on this run, and what each gives."""
    start = f"init_from={path} network.width={config.network.width}"
    if config.loss_network.name == "compact":
        learn_more = f"python -m train style={config.style.name} {start}"
        gives = (
            "go on with VGG-19 and COCO photos (1.3 GB to download, hours on a CPU): larger\n"
            "      motifs, finer strokes, more of the photo kept"
        )
    else:
        learn_more = f"python -m train style=custom style.name=mine style.image=mine.jpg {start}"
        gives = "learn a painting of yours, starting from this one"
    return (
        f"  python -m infer --ckpt {path} photo.jpg\n      paint a photo of yours\n"
        f"  tensorboard --logdir {config.runs_dir}\n      see how it was learned\n"
        f"  {learn_more}\n      {gives}"
    )


def report_skipped(skipped: set[str], run_dir: Path) -> None:
    """List the photos that could not be used in the run folder, and count them."""
    if skipped and distributed.is_main_process():
        path = run_dir / "skipped.txt"
        path.write_text("".join(f"{name}\n" for name in sorted(skipped)))
        print(
            f"{len(skipped)} photos could not be used, {sorted(skipped)[0]} the first; "
            f"all are in {path}",
            file=sys.stderr,
        )
