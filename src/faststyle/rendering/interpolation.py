"""Networks between the photo end and the style, each made once and never changed."""

from __future__ import annotations

from collections import OrderedDict
from copy import deepcopy
from threading import Lock

import torch

from faststyle.checkpoints.style_checkpoint import StyleCheckpoint
from faststyle.networks.transform_net import TransformNet
from faststyle.rendering.strength import between

KEPT = 4  # networks of 7 MB; those of the strengths used last


class InterpolatedNetworks:
    """The network of every strength, safe to ask from several threads at once.

    Args:
        checkpoint: with or without a photo end; without one every strength has the same network.
        device: where the networks are.
    """

    def __init__(self, checkpoint: StyleCheckpoint, device: torch.device):
        self._checkpoint, self._device = checkpoint, device
        self._trained = checkpoint.build().to(device)
        self._kept: OrderedDict[float, TransformNet] = OrderedDict()
        self._lock = Lock()

    def at(self, strength: float) -> TransformNet:
        """The network of a strength; 1 as trained. It is shared: do not change it."""
        photo_end = self._checkpoint.photo_end
        if photo_end is None or strength == 1:
            return self._trained
        with self._lock:
            if strength in self._kept:
                self._kept.move_to_end(strength)
                return self._kept[strength]
        with torch.inference_mode(False):  # else autograd could never use it
            made = deepcopy(self._trained)  # a third of the time that building one takes
            made.load_state_dict(between(photo_end, self._checkpoint.state_dict, strength))
        with self._lock:
            # Threads may have made it at the same time; all are to use one.
            net = self._kept.setdefault(strength, made)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return net
