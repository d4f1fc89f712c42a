"""Train feed-forward style transfer networks and stylize pictures with them.

    from faststyle import load_style

    stylized = load_style("starry_night")(photo)

Importing faststyle is cheap and changes nothing in the process: each name below is imported when
it is first used, and torch with it where it needs torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = [
    "LossNetwork",
    "PerceptualLoss",
    "Stylizer",
    "TransformNet",
    "UserError",
    "__version__",
    "available_styles",
    "keep_freed_memory",
    "load_style",
    "tune_process",
]

_MODULES = {
    "LossNetwork": "faststyle.losses.loss_network",
    "PerceptualLoss": "faststyle.losses.perceptual_loss",
    "Stylizer": "faststyle.rendering.stylizer",
    "TransformNet": "faststyle.networks.transform_net",
    "UserError": "faststyle.errors",
    "available_styles": "faststyle.checkpoints.catalog",
    "keep_freed_memory": "faststyle.malloc",
    "load_style": "faststyle.rendering.stylizer",
    "tune_process": "faststyle.malloc",
}

if TYPE_CHECKING:
    from faststyle.checkpoints.catalog import available_styles
    from faststyle.errors import UserError
    from faststyle.losses.loss_network import LossNetwork
    from faststyle.losses.perceptual_loss import PerceptualLoss
    from faststyle.malloc import keep_freed_memory, tune_process
    from faststyle.networks.transform_net import TransformNet
    from faststyle.rendering.stylizer import Stylizer, load_style


def __getattr__(name: str) -> Any:
    # --help must not wait for torch.
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'faststyle' has no attribute {name!r}")
