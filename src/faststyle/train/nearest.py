"""The trained style nearest to a new one: where `init_from=nearest` starts."""

from __future__ import annotations

import torch
from torch import Tensor

from faststyle.checkpoints.catalog import available_styles
from faststyle.config.train import NetworkConfig
from faststyle.errors import UserError
from faststyle.train.distributed import print_once
from faststyle.train.inputs import BaseStyle, read_base_style
from faststyle.train.module import StyleTransfer

PHOTOS = 4


@torch.no_grad()
def start_from_nearest(module: StyleTransfer, photos: Tensor, network: NetworkConfig) -> BaseStyle:
    """Load the available style whose results have the lowest objective of the run.

    Args:
        module: of the run; its transform network gets the weights.
        photos: (N, 3, H, W) in [0, 1], of which the first PHOTOS count.

    Raises:
        UserError: no available style has a network of these arguments.
    """
    photos = photos[:PHOTOS]
    objectives: dict[str, float] = {}
    for name in available_styles():
        try:
            base = read_base_style(name, network)
        except UserError:  # unreadable, or a network of other arguments
            continue
        assert base is not None
        _load(module, base)
        objectives[name] = float(module.stylize_and_score(photos)[1]["total_loss"])
    if not objectives:
        raise UserError(
            "init_from=nearest: no available style has this run's network; give network=half, as "
            "the bundled styles have, or leave init_from out"
        )
    nearest = min(objectives, key=objectives.__getitem__)
    base = read_base_style(nearest, network)
    assert base is not None
    _load(module, base)
    others = f" of {len(objectives)}" if len(objectives) > 1 else ""
    print_once(f"Starting from {nearest}, the nearest{others} by the objective")
    return base


def _load(module: StyleTransfer, base: BaseStyle) -> None:
    module.transform_net.load_state_dict(base.checkpoint.build().state_dict())
