"""The command line of `python -m faststyle.optimize` (Gatys et al. 2016)."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from faststyle.config.optimize import TEXT_KEYS, OptimizeConfig
from faststyle.config.parsing import hydra_command, parse_as
from faststyle.config.style_image import describe_style_image
from faststyle.errors import exit_on_user_error
from faststyle.malloc import tune_process

if TYPE_CHECKING:
    from torch import Tensor

    from faststyle.optimize.inputs import Pictures
    from faststyle.optimize.pixels import Iterate

# torch takes seconds to import: it comes in only once the settings are good.


def main() -> None:
    """Optimize as `sys.argv` says; a user's mistake becomes one line and exit code 2."""
    tune_process()
    with exit_on_user_error("optimize"):
        hydra_command(
            "optimize", "optimize", _run, text_keys=TEXT_KEYS, list_keys=("style.images",)
        )


def _run(raw: DictConfig, overrides: list[str]) -> None:
    config = parse_as(OptimizeConfig, raw)
    # A job scheduler's wish to stop is worth as much as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    optimize(config)


def optimize(config: OptimizeConfig) -> Path:
    """Optimize one picture, write it to `config.output` and return its path.

    Ctrl-C ends it early and keeps the picture. An earlier result of that name is replaced; no
    other file is touched. Everything a user can get wrong is checked before the first step.

    Raises:
        UserError: what is wrong with the settings or the files that they name.
        TrainingDiverged: the loss is not a finite number.
    """
    from tqdm import tqdm

    from faststyle.images.tensors import to_image
    from faststyle.images.write import save_image
    from faststyle.optimize.inputs import Preview, check_output, load_pictures
    from faststyle.optimize.multiscale import load_loss_network, optimize_scales

    output = Path(config.output)
    check_output(config)
    pictures = load_pictures(config)
    loss_network = load_loss_network(config, pictures)
    if not config.style.images:
        print(describe_style_image(config.style))
    preview = Preview(output)
    if config.preview_every < config.steps:
        print(f"Preview, every {config.preview_every} steps: {preview.path}")
    latest, stopped = None, False
    started = time.perf_counter()
    bar = tqdm(
        total=config.steps,
        desc=output.stem,
        unit="step",
        disable=None if config.progress_bar else True,  # None: where nobody watches
    )
    try:
        for latest in optimize_scales(config, pictures, loss_network):
            bar.update(latest.step - bar.n)
            bar.set_postfix(loss=f"{latest.losses['total_loss']:.4g}")
            if latest.step % config.preview_every == 0 and 0 < latest.step < config.steps:
                preview.save(to_image(_finish(config, pictures, latest.picture)))
    except KeyboardInterrupt:
        if latest is None:
            raise
        stopped = True
    bar.close()
    assert latest is not None
    save_image(to_image(_finish(config, pictures, latest.picture)), output)
    preview.remove()
    print(f"{output}: {_report(latest, config.steps, stopped, time.perf_counter() - started)}")
    return output


def _report(latest: Iterate, num_steps: int, stopped: bool, seconds: float) -> str:
    if stopped:
        ended = f"stopped at step {latest.step} of {num_steps}"
    elif latest.step < num_steps:
        ended = f"{latest.step} steps, no further one lowers the loss"
    else:
        ended = f"{latest.step} steps"
    losses = latest.losses
    return (
        f"{ended}, {latest.evaluations} evaluations, {seconds:.0f} s; loss "
        f"{losses['total_loss']:.4g} (content {losses['content_loss']:.4g}, "
        f"style {losses['style_loss']:.4g})"
    )


def _finish(config: OptimizeConfig, pictures: Pictures, picture: Tensor) -> Tensor:
    from faststyle.images.color import keep_color
    from faststyle.images.tensors import resize_long_edge, to_tensor

    if not config.keep_color or pictures.content is None:
        return picture
    content = resize_long_edge(pictures.content, max(picture.shape[-2:]))
    return keep_color(picture.cpu(), to_tensor(content))


if __name__ == "__main__":
    main()
