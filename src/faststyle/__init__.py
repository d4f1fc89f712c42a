"""faststyle: train one small feed-forward network per painting, repaint any photo in one pass."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = [
    "LossNetwork",
    "PerceptualLoss",
    "Stylizer",
    "TransformNet",
    "__version__",
    "keep_freed_memory",
    "load_style",
]

# Before torch is imported: OpenMP threads that spin while idle take the cores of NNPACK's.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_HOMES = {
    "LossNetwork": "faststyle.losses.loss_network",
    "PerceptualLoss": "faststyle.losses.perceptual_loss",
    "Stylizer": "faststyle.rendering.stylizer",
    "TransformNet": "faststyle.networks.transform_net",
    "keep_freed_memory": "faststyle.malloc",
    "load_style": "faststyle.rendering.stylizer",
}

if TYPE_CHECKING:
    from faststyle.losses.loss_network import LossNetwork
    from faststyle.losses.perceptual_loss import PerceptualLoss
    from faststyle.malloc import keep_freed_memory
    from faststyle.networks.transform_net import TransformNet
    from faststyle.rendering.stylizer import Stylizer, load_style


def __getattr__(name: str) -> Any:
    # Imported when first used: --help must not wait for torch.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'faststyle' has no attribute {name!r}")
