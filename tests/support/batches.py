"""Photo sources that misbehave, and the batches that a run makes of photos."""

from __future__ import annotations

from collections.abc import Callable

import pytorch_lightning as pl
import torch
from PIL import Image
from torch import Tensor

from faststyle.data.datamodule import ContentData
from faststyle.data.sources import PhotoSource
from tests.support.pictures import noise_picture


class Recorder(pl.LightningModule):
    """Keeps what it is given; learns nothing of use."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.batches: list[Tensor] = []

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        self.batches.append(batch)
        return self.weight * batch.mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def content_data(photos: PhotoSource, **changes: float | None) -> ContentData:
    arguments: dict = {
        "image_size": 32,
        "batch_size": 3,
        "num_images": None,
        "num_val_images": 2,
        "num_workers": 0,
        "seed": 0,
        "max_bad_share": 1.0,
    }
    return ContentData(photos, **{**arguments, **changes})


def batches(content: ContentData, steps: int = 3) -> list[Tensor]:
    module = Recorder()
    trainer = pl.Trainer(
        max_steps=steps,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    trainer.fit(module, content)
    return module.batches


class Pictures:
    """Eight good pictures; `misbehave` comes first whenever one is loaded."""

    def __init__(self, misbehave: Callable[[int], object], count: int = 8):
        self.misbehave, self.count = misbehave, count

    def __len__(self) -> int:
        return self.count

    def name(self, index: int) -> str:
        return f"photo {index}"

    def load(self, index: int, min_side: int | None = None) -> Image.Image:
        self.misbehave(index)
        return noise_picture(index, 64, 64)
