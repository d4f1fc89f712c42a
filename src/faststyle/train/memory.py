"""Memory of a training step: estimated before the first one, explained when it runs out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from faststyle.config.train import DataConfig, TrainConfig
from faststyle.devices import available_bytes
from faststyle.errors import UserError
from faststyle.train.module import StyleTransfer

PROBE = 64  # side in pixels of the picture on which outputs are counted
# Peak memory of a step, over 4 bytes for each value of all layers' outputs. Measured: 0.66 (full,
# VGG-19, bf16) to 1.10 (full, compact, float32). Below all of them, so that what fits is taken.
PEAK_FACTOR = 0.6
HELD_OUT_BYTES = 27  # for each pixel of a held-out photo: as it is kept, as floats, and stylized


class OutOfMemory(UserError):
    """A training step needs more memory than there is."""

    exit_code = 1


def check_step_fits(module: StyleTransfer, data: DataConfig, device: torch.device) -> None:
    """Refuse a batch that needs more memory than the device has, before any is allocated.

    Raises:
        UserError: it does not fit; with the batch and the crop size that do.
    """
    per_pixel = 4 * PEAK_FACTOR * _values_per_pixel(module)
    needed = per_pixel * data.batch_size * data.image_size**2
    free = available_bytes(device)
    if needed <= free:
        return
    batch = int(free / (per_pixel * data.image_size**2))
    side = int((free / (per_pixel * data.batch_size)) ** 0.5) // 16 * 16
    fits = [f"data.batch_size={batch}"] if batch else []
    raise UserError(
        f"data: {data.batch_size} crops of {data.image_size} pixels take about "
        f"{needed / 1e9:.1f} GB a step, {free / 1e9:.1f} GB are free; "
        f"{' or '.join([*fits, f'data.image_size={side}'])} fits"
    )


def check_held_out_fit(data: DataConfig) -> None:
    """Refuse more held-out photos than memory holds, before any is read.

    Raises:
        UserError: they do not fit; with the number that does.
    """
    each = HELD_OUT_BYTES * data.image_size**2
    free = available_bytes(torch.device("cpu"))
    if each * data.num_val_images > free:
        fits = int(free / each)
        advice = f"data.num_val_images={fits} fits" if fits else "give a smaller data.image_size"
        raise UserError(
            f"data.num_val_images: {data.num_val_images} crops of {data.image_size} pixels take "
            f"about {each * data.num_val_images / 1e9:.1f} GB, {free / 1e9:.1f} GB are free; "
            f"{advice}"
        )


@contextmanager
def explain_out_of_memory(config: TrainConfig, *, training: bool = True) -> Iterator[None]:
    """Turn the errors for lack of memory into one line with the settings that take it.

    Args:
        training: steps are taken; else pictures are read and the style targets computed.
    """
    data = config.data
    crops = f"crops of data.image_size={data.image_size} pixels"
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # torch.OutOfMemoryError is a RuntimeError
        if not _is_out_of_memory(error):
            raise
        raise OutOfMemory(
            f"out of memory with data.batch_size={data.batch_size} {crops}; "
            "give a smaller batch or smaller crops"
            if training
            else f"out of memory before the first step, with style.size={config.style.size} and "
            f"data.num_val_images={data.num_val_images} {crops}; give smaller ones"
        ) from error


def _is_out_of_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(
        # In this order: of CUDA and MPS, of torch's allocator on a CPU, of the C++ library.
        words in text
        for words in ("out of memory", "allocate memory", "bad_alloc", "bad allocation")
    )


def _values_per_pixel(module: StyleTransfer) -> float:
    """Return the number of output values of all layers for one photo, divided by its pixels."""
    count = 0

    def add(layer: nn.Module, inputs: object, output: object) -> None:
        nonlocal count
        if isinstance(output, Tensor):
            count += output.numel()

    layers = [layer for layer in module.modules() if not list(layer.children())]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    was_training = module.training
    module.eval()  # batch norm keeps its statistics
    try:
        with torch.no_grad():
            module.stylize_and_score(torch.zeros(1, 3, PROBE, PROBE))
    finally:
        module.train(was_training)
        for hook in hooks:
            hook.remove()
    return count / PROBE**2
