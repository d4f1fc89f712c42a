"""The plain baseline: the network and the objective as most projects write them.

Eager float32, separate reflection padding and nearest upsampling, and a loss network that runs to
its deepest layer on content and stylized picture alike.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faststyle.losses.architectures import FrozenConv2d
from faststyle.losses.functional import relative_error, total_variation
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.networks.transform_net import TransformNet


class PlainNet(nn.Module):
    """Johnson's network as its many ports write it, with a TransformNet's weights.

    Maps (N, 3, H, W) in [0, 1] to the same shape and range.
    """

    def __init__(self, net: TransformNet):
        super().__init__()
        norms = [m for m in net.modules() if isinstance(m, nn.InstanceNorm2d)]
        self.convs = nn.ModuleList(_padded_copy(conv) for conv in convs_of(net))
        self.norms = nn.ModuleList(
            _copied(nn.InstanceNorm2d(norm.num_features, affine=True), norm) for norm in norms
        )

    def _conv(self, x: Tensor, index: int) -> Tensor:
        return self.convs[index](x)

    def forward(self, images: Tensor) -> Tensor:
        x = images - 0.5
        for i in range(3):
            x = F.relu(self.norms[i](self._conv(x, i)))
        last = len(self.convs) - 3
        for i in range(3, last, 2):
            y = F.relu(self.norms[i](self._conv(x, i)))
            x = x + self.norms[i + 1](self._conv(y, i + 1))
        for i in (last, last + 1):
            x = F.relu(self.norms[i](self._conv(F.interpolate(x, scale_factor=2.0), i)))
        return torch.sigmoid(self._conv(x, last + 2))


def convs_of(net: nn.Module) -> list[nn.Conv2d]:
    """Return the network's convolutions, first to last."""
    return [module for module in net.modules() if isinstance(module, nn.Conv2d)]


def _padded_copy(conv: nn.Conv2d) -> nn.Module:
    margin, _ = conv.padding
    assert isinstance(margin, int)
    copy = nn.Conv2d(conv.in_channels, conv.out_channels, 2 * margin + 1, conv.stride[0])
    return nn.Sequential(nn.ReflectionPad2d(margin), _copied(copy, conv))


def _copied(target: nn.Module, source: nn.Module) -> nn.Module:
    target.load_state_dict(source.state_dict())
    return target


class PlainLoss(nn.Module):
    """The relative objective as its ports write it, with the weights and targets of `loss`."""

    def __init__(self, loss: PerceptualLoss):
        super().__init__()
        network = loss.loss_network
        self.layers = network.layers
        self.mean, self.std = network.mean, network.std
        (self.content_layer,) = loss.content_layers
        self.content_weight = loss.content_weight
        self.style_weight, self.tv_weight = loss.style_weight, loss.tv_weight
        self.targets = loss.style_grams()

    def features(self, images: Tensor) -> dict[str, Tensor]:
        """Return the output of every layer for images (N, 3, H, W) in [0, 1]."""
        x, found = (images - self.mean) / self.std, {}
        for name, layer in self.layers.items():
            if isinstance(layer, FrozenConv2d):
                x = F.conv2d(x, layer.weight, layer.bias, padding=1)
            else:
                x = layer(x)
            found[name] = x
        return found

    def forward(self, content: Tensor, stylized: Tensor) -> Tensor:
        of_content, of_stylized = self.features(content), self.features(stylized)
        style = []
        for layer, target in self.targets.items():
            flat = of_stylized[layer].flatten(2)
            style.append(relative_error(flat @ flat.mT / flat[0].numel(), target))
        content_loss = relative_error(
            of_stylized[self.content_layer], of_content[self.content_layer]
        )
        return (
            self.content_weight * content_loss
            + self.style_weight * torch.stack(style).mean()
            + self.tv_weight * total_variation(stylized)
        )
