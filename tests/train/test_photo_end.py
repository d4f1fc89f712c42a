"""Training the end at which the network gives its photo back."""

from __future__ import annotations

import torch

from faststyle.images.tensors import to_tensor
from faststyle.networks.transform_net import TransformNet
from faststyle.train.photo_end import learn_photo_end
from tests.support.networks import tiny_net
from tests.support.pictures import noise_picture


def test_the_photo_end_learns_to_give_the_photo_back() -> None:
    batches = [
        torch.cat([to_tensor(noise_picture(4 * i + j, 64, 64)) for j in range(4)])
        for i in range(40)
    ]
    net = tiny_net(0)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    end = learn_photo_end(net, batches, 40)

    def off(net: TransformNet) -> float:
        with torch.no_grad():
            return float((net(batches[0]) - batches[0]).abs().mean())

    assert off(end) < 0.85 * off(net)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
