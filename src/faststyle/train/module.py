"""One training step, the optimizer and the logged losses, as a LightningModule."""

from __future__ import annotations

import math
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from faststyle.errors import TrainingDiverged
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.networks.transform_net import TransformNet
from faststyle.train.diagnosis import first_not_finite

LOG_EVERY = 10  # steps between TensorBoard points, each of which waits for the GPU


class StyleTransfer(pl.LightningModule):
    """Trains `transform_net` to minimize `perceptual_loss` (Johnson et al. 2016, equation 5).

    Args:
        learning_rate: of Adam, at its peak.
        warmup_steps: steps of linear rise to the peak; a cosine to zero at `max_steps` follows.
        compile_step: compile the forward computation of a step with torch.compile.
    """

    def __init__(
        self,
        transform_net: TransformNet,
        perceptual_loss: PerceptualLoss,
        *,
        learning_rate: float,
        warmup_steps: int,
        max_steps: int,
        grain: float,
        seed: int,
        compile_step: bool,
    ):
        super().__init__()
        self.transform_net = transform_net
        self.perceptual_loss = perceptual_loss
        self.learning_rate = learning_rate
        self.warmup_steps = warmup_steps
        self.max_steps = max_steps
        self.grain = grain
        self.seed = seed
        self._score = torch.compile(self._stylize_and_score) if compile_step else None

    def on_fit_start(self) -> None:
        if self.device.type == "cuda":  # tensor cores are fastest with it
            self.transform_net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, photos: Tensor) -> Tensor:
        return self.transform_net(photos)

    def stylize_and_score(
        self, photos: Tensor, noise: Tensor | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the stylized photos and every term of the loss, scalars by name.

        Photos and stylized photos are (N, 3, H, W) in [0, 1]. The network sees the photos with the
        noise; content is compared with the photos without it.
        """
        return (self._score or self._stylize_and_score)(photos, noise)

    def _stylize_and_score(
        self, photos: Tensor, noise: Tensor | None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        targets = self.perceptual_loss.content_targets(photos)
        stylized = self.transform_net(photos if noise is None else photos + noise)
        return stylized, self.perceptual_loss(stylized, targets)

    def training_step(self, photos: Tensor, batch_idx: int) -> Tensor:
        _, losses = self.stylize_and_score(photos, self._noise(photos))
        # Reading a value makes the CPU wait for the GPU: only when it is logged anyway.
        if photos.device.type == "cpu" or self.global_step % LOG_EVERY == 0:
            self._check_finite(losses, photos)
        self.log_dict({f"train/{name}": value.detach() for name, value in losses.items()})
        for name in ("content_loss", "style_loss"):
            self.log(name.removesuffix("_loss"), losses[name].detach(), prog_bar=True, logger=False)
        return losses["total_loss"]

    def _noise(self, photos: Tensor) -> Tensor | None:
        """Return gray noise for each photo, of a strength between none and `grain`.

        So the network learns to begin strokes at noise, which `rendering.grain` relies on.
        """
        if not self.grain:
            return None
        # Of the photos of all processes together this one has every `processes`-th.
        rank, processes = self.global_rank, self.trainer.world_size
        count, _, height, width = photos.shape
        # A CPU's generator takes 32 bits. The factor is odd: no two steps share a seed.
        seed = (self.seed + self.global_step * 0x9E3779B1) % 2**32
        generator = torch.Generator(photos.device).manual_seed(seed)
        sizes = ((count * processes, 1, height, width), (count * processes, 1, 1, 1))
        noise, strength = (
            draw(size, generator=generator, device=photos.device)[rank::processes]
            for draw, size in zip((torch.randn, torch.rand), sizes, strict=True)
        )
        return noise * strength * (self.grain / 255)

    def _check_finite(self, losses: dict[str, Tensor], photos: Tensor) -> None:
        bad = [name for name, value in losses.items() if not torch.isfinite(value)]
        if bad:
            advice = (
                "16-bit floats end at 65,504: try trainer.precision=bf16, or 32"
                if str(self.trainer.precision).startswith("16")
                else f"try a lower trainer.learning_rate (now {self.learning_rate:g})"
            )
            where = first_not_finite(self.transform_net, photos) or "the loss network"
            raise TrainingDiverged(
                f"step {self.global_step}: {', '.join(bad)} (from {where} on) "
                f"is not a finite number; {advice}"
            )

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.Adam(
            self.transform_net.parameters(),
            lr=self.learning_rate,
            fused=self.device.type == "cuda",  # one kernel for all tensors together
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._learning_rate_factor)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def _learning_rate_factor(self, step: int) -> float:
        """Return the share of the peak learning rate at `step`.

        A short run warms up over at most a tenth of its steps.
        """
        warmup = min(self.warmup_steps, self.max_steps // 10)
        if step < warmup:
            return (step + 1) / (warmup + 1)
        progress = (step - warmup) / max(1, self.max_steps - warmup)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        for name, value in checkpoint["state_dict"].items():
            if not value.isfinite().all():  # so that it does not replace the good one before
                raise TrainingDiverged(
                    f"step {self.global_step}: {name} is not a finite number; "
                    f"try a lower trainer.learning_rate (now {self.learning_rate:g})"
                )
