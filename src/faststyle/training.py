"""`python -m train`: configuration in, style checkpoint out. Read this file first."""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from faststyle.config import TrainConfig, parse
from faststyle.errors import exit_on_user_error
from faststyle.files import check_writable
from faststyle.hydra_errors import raise_user_error
from faststyle.memory_reuse import keep_freed_memory
from faststyle.paths import CONF_DIR, SAMPLE_PHOTO
from faststyle.resume import saved_config, steps_taken
from faststyle.swatches import describe_picture

# torch and Lightning take seconds to import: they come in only once the settings are good.
if TYPE_CHECKING:
    from torch import Tensor

    from faststyle.module import StyleTransfer

YARDSTICK_SHARE = 0.08  # of the run's time, to stay under a tenth


def main() -> None:
    """The command line: Hydra's, with every mistake of the user's as one line and exit code 2."""
    # Else Hydra prints a trimmed traceback of its own; we print a line, and bugs in full.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    keep_freed_memory()
    with exit_on_user_error("train"):
        try:
            _run()
        except (HydraException, OmegaConfBaseException) as error:
            raise_user_error(error)


@hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name="train")
def _run(raw: DictConfig) -> None:
    with exit_on_user_error("train"):  # here too: else Hydra adds a line of its own
        if raw.resume is None:
            config = parse(raw)
            train(config, _new_run_dir(config), resume_from=None)
        else:
            run_dir = Path(raw.resume)
            run_dir = run_dir.parent if run_dir.is_file() else run_dir
            config = saved_config(run_dir, raw, HydraConfig.get().overrides.task)
            if steps_taken(run_dir) >= config.trainer.max_steps:
                style = run_dir / f"{config.style.name}.safetensors"
                print(f"{run_dir} has taken all its {config.trainer.max_steps} steps: {style}")
                return
            train(config, run_dir, resume_from=run_dir / "last.ckpt")


def _new_run_dir(config: TrainConfig) -> Path:
    """runs/<style>/<date_time>, with a number where two runs start in one second."""
    folder = Path(config.runs_dir) / config.style.name
    name = time.strftime("%Y-%m-%d_%H-%M-%S")
    names = (name, *(f"{name}_{number}" for number in range(2, 1000)))
    return next(folder / name for name in names if not (folder / name).exists())


def train(config: TrainConfig, run_dir: Path, resume_from: Path | None) -> Path:
    """Train one style; return the path of its style checkpoint.

    Everything a user can get wrong is checked before the run folder is made.
    """
    import pytorch_lightning as pl

    from faststyle import building
    from faststyle.callbacks import StopOnSignal

    _quieten_libraries()
    pl.seed_everything(config.seed, verbose=False)
    style_image = building.load_style_image(config)
    config.trainer.precision = building.choose_precision(config.trainer)
    arguments = building.trainer_arguments(config)
    check_writable("runs_dir", Path(config.runs_dir))
    check_writable("checkpoint_dir", Path(config.checkpoint_dir))
    content = building.build_content(config)
    val_photos = content.val_photos()
    module = building.build_module(config, style_image, content.num_photos)

    run_dir.mkdir(parents=True, exist_ok=True)
    settings = OmegaConf.to_yaml(OmegaConf.create(dataclasses.asdict(config)))
    (run_dir / "config.yaml").write_text(settings)
    stop = StopOnSignal()
    trainer = building.build_trainer(config, arguments, run_dir, val_photos, stop)
    print(describe_picture(config.style))
    print(f"{config.style.name}: previews and TensorBoard events go to {run_dir}")
    started = time.perf_counter()
    trainer.fit(module, content, ckpt_path=resume_from)
    seconds = time.perf_counter() - started
    _report_skipped(content.skipped, run_dir)
    if not stop.stopped:
        return _finish(config, module, val_photos, run_dir, seconds)
    path = run_dir / f"{config.style.name}.safetensors"
    print(
        f"Stopped at step {trainer.global_step}. Use it as it is:\n"
        f"  python -m infer --ckpt {path} photo.jpg\n"
        f"or go on:\n  python -m train resume={run_dir}"
    )
    return path


def _finish(
    config: TrainConfig, module: StyleTransfer, val_photos: Tensor, run_dir: Path, seconds: float
) -> Path:
    """Measure what the run gave, write the style checkpoint, paint a picture, say what is next."""
    from faststyle.checkpoint import write_checkpoint
    from faststyle.images import load_image, save_image
    from faststyle.stylize import load_style
    from faststyle.yardstick import equivalent_within

    metrics = module.metadata["metrics"]
    print(
        f"{config.style.title}: {module.metadata['training']['steps']} steps, {seconds:.0f} s; "
        f"on held-out photos style loss {metrics['val/style_loss']:.3g}, "
        f"content loss {metrics['val/content_loss']:.3g} (0 is perfect, 1 an empty picture)."
    )
    if config.trainer.yardstick:
        iterations, cost = equivalent_within(
            module.perceptual_loss, module.transform_net, val_photos, YARDSTICK_SHARE * seconds
        )
        if iterations is not None:
            metrics["equivalent_lbfgs_iterations"] = str(iterations)
            print(f"One pass is worth {iterations} L-BFGS iterations ({cost:.0f} s to measure).")
    path = Path(config.checkpoint_dir) / f"{config.style.name}.safetensors"
    write_checkpoint(path, module.transform_net, module.metadata)
    sample = run_dir / f"{SAMPLE_PHOTO.stem}.jpg"
    save_image(load_style(path)(load_image(SAMPLE_PHOTO)), sample)
    print(f"Style checkpoint: {path}. A picture painted with it: {sample}")
    print(f"Next:\n{_next_steps(config, path)}")
    return path


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


def _quieten_libraries() -> None:
    """Keep the screen for what a user can act on."""
    import logging
    import warnings

    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    logging.getLogger("lightning").setLevel(logging.WARNING)
    # None is what a CPU wants, and what content.py chose; see there.
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    # Ours starts at the right photo by itself: content.Positions.
    warnings.filterwarnings("ignore", ".*your dataloader is not resumable.*")
    warnings.filterwarnings("ignore", ".*is smaller than the logging interval.*")
    # Lightning 2.6 beside torch 2.15 calls what torch deprecates.
    warnings.filterwarnings("ignore", r".*treespec, LeafSpec.*")


def _report_skipped(skipped: set[str], run_dir: Path) -> None:
    if skipped:
        path = run_dir / "skipped.txt"
        path.write_text("".join(f"{name}\n" for name in sorted(skipped)))
        print(
            f"{len(skipped)} photos could not be used, {sorted(skipped)[0]} the first; "
            f"all are in {path}",
            file=sys.stderr,
        )
