"""One step of the distillation: the student learns, the pictures move on."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from faststyle.files.atomic import atomic_write
from faststyle.losses.functional import gram
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.pretrained import build_loss_network
from faststyle.networks.fast_conv import plain
from scripts.distillation.losses import (
    CONTENT_LAYER,
    LAYERS,
    STYLE_LAYERS,
    distance_error,
    gradient_mismatch,
    mapped_errors,
    objective,
)
from scripts.distillation.pictures import Chains
from scripts.distillation.start import STUDENT, linear_maps, student_weights

STYLE_WEIGHT = 0.8  # per layer: 4 for the mean of five, as in conf/loss/relative.yaml


def new_student(state: dict[str, Tensor]) -> LossNetwork:
    """Build the compact network with weights that require gradients."""
    student = LossNetwork(STUDENT, LAYERS, pooling="max", state_dict=state)
    for tensor in student.buffers():
        tensor.requires_grad_(tensor is not student.mean and tensor is not student.std)
    return student


def save(student: LossNetwork, path: Path) -> None:
    """Save the weights in half precision under torchvision's names, atomically."""
    state = {
        f"features.{index}.{part}": getattr(layer, part).detach().half().contiguous()
        for index, layer in enumerate(student.layers.values())
        for part, _ in layer.named_buffers()
    }
    with atomic_write(path) as partial:
        save_file(state, partial)


class Distillation:
    """Student, teacher, and the linear maps from the student's features to the teacher's."""

    def __init__(self, options: argparse.Namespace):
        self.rng = np.random.default_rng(options.seed)
        torch.manual_seed(options.seed)
        self.options = options
        self.teacher = build_loss_network(
            "vgg19", LAYERS, weights=str(options.teacher), pooling="max"
        )
        self.chains = Chains(
            options.photos,
            options.style_images,
            size=options.size,
            pool=options.pool,
            targets=self._teacher_targets,
            rng=self.rng,
        )
        self._start()

    def _start(self) -> None:
        options = self.options
        batches = [self.chains.pictures(16) for _ in range(-(-options.start_pictures // 16))]
        with torch.no_grad():
            self.student = new_student(student_weights(self.teacher, batches))
            # Oxford's weights give activations in the hundreds, so each layer is scaled once.
            features = self._ask_teacher(batches[0])
            self.scales = {k: float(v.float().square().mean().sqrt()) for k, v in features.items()}
            matrices = linear_maps(self.student, self.teacher, LAYERS, batches)
        self.maps = {k: (m / self.scales[k]).requires_grad_() for k, m in matrices.items()}
        weights = [w for w in self.student.buffers() if w.requires_grad]
        self.optimizer = torch.optim.Adam(
            [{"params": weights}, {"params": list(self.maps.values())}], lr=options.learning_rate
        )
        self.weights = [*weights, *self.maps.values()]

    def _ask_teacher(self, pictures: Tensor) -> dict[str, Tensor]:
        with torch.autocast("cpu", torch.bfloat16):
            return self.teacher(pictures, LAYERS)

    @torch.no_grad()
    def _teacher_targets(self, content: Tensor, style: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        features = self._ask_teacher(torch.cat([content, style]))
        return features[CONTENT_LAYER][:1], {k: gram(features[k][1:]) for k in STYLE_LAYERS}

    def step(self, progress: float) -> dict[str, float]:
        """Update student and maps once, and move the chains; return the losses by name.

        Args:
            progress: of the whole run, 0 to 1; sets the learning rate.
        """
        chains = self.chains.draw(self.options.batch_size)
        pictures = torch.cat([chain.picture for chain in chains]).requires_grad_()
        spread = np.exp(self.rng.normal(0, 1, len(LAYERS)))
        weights = {k: STYLE_WEIGHT * w for k, w in zip(LAYERS, spread, strict=True)}

        theirs = self._ask_teacher(pictures)
        their_grams = {k: gram(theirs[k]) for k in STYLE_LAYERS}
        their_style = {k: torch.cat([c.targets[1][k] for c in chains]) for k in STYLE_LAYERS}
        content = torch.cat([chain.targets[0] for chain in chains])
        value = objective(theirs, their_grams, content, their_style, weights)
        (their_gradient,) = torch.autograd.grad(value, pictures)
        theirs, their_grams = ({k: v.detach() for k, v in d.items()} for d in (theirs, their_grams))

        with plain():  # differentiable twice: the loss contains a gradient
            ours = self.student(pictures, LAYERS)
            grams = {k: gram(ours[k]) for k in STYLE_LAYERS}
            styles = self.student(torch.cat([chain.style for chain in chains]), STYLE_LAYERS)
            style = {k: gram(styles[k]) for k in STYLE_LAYERS}
            content = self.student(torch.cat([c.content for c in chains]), [CONTENT_LAYER])
            value = objective(ours, grams, content[CONTENT_LAYER], style, weights)
        (gradient,) = torch.autograd.grad(value, pictures, create_graph=True)
        cosine, mismatch = gradient_mismatch(gradient, their_gradient)

        features, mapped_grams = mapped_errors(
            ours, theirs, grams, their_grams, self.maps, self.scales
        )
        terms = {
            "feature": features,
            "mapped_gram": mapped_grams,
            "pair": distance_error(grams, style, their_grams, their_style),
        }
        loss = terms["feature"] + 0.3 * terms["mapped_gram"] + terms["pair"] + 2 * mismatch
        self._update(loss, progress)
        for chain, mine, teachers in zip(chains, gradient.detach(), their_gradient, strict=True):
            self.chains.move(chain, mine[None] if chain.follows_student else teachers[None])
        return {
            **{k: float(v.detach()) for k, v in terms.items()},
            "cosine": float(cosine.detach()),
        }

    def _update(self, loss: Tensor, progress: float) -> None:
        rate = min(1.0, (progress + 1e-3) / 0.03) * 0.5 * (1 + math.cos(math.pi * progress))
        for group in self.optimizer.param_groups:
            group["lr"] = self.options.learning_rate * rate
        gradients = torch.autograd.grad(loss, self.weights)
        for weight, gradient in zip(self.weights, gradients, strict=True):
            weight.grad = gradient
        nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimizer.step()
