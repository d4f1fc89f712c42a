"""A run's TensorBoard events: its settings, curves and previews, and how they are laid out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning_fabric.utilities.rank_zero import rank_zero_only
from pytorch_lightning.loggers import TensorBoardLogger

from faststyle.config.train import TrainConfig

# Tab "Custom Scalars": training and held-out photos in one chart each.
TERMS = ("total_loss", "style_loss", "content_loss", "tv_loss")
LAYOUT = {"losses": {term: ["Multiline", [f"train/{term}", f"val/{term}"]] for term in TERMS}}
RESULT = "val/total_loss"  # by which the tab "HParams" compares runs


class RunLogger(TensorBoardLogger):
    """Lightning's logger, less the curves that show nothing: `epoch` and `hp_metric`.

    Args:
        folder: of the run.
        first_step: of a resumed run, which takes its steps from there on again; later points are
            purged.
    """

    def __init__(self, folder: Path, first_step: int | None):
        super().__init__(folder, name="", version="", purge_step=first_step)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        super().log_metrics({k: v for k, v in metrics.items() if k != "epoch"}, step)

    @rank_zero_only
    def log_settings(self, config: TrainConfig) -> None:
        """Write all settings for the tab "HParams", and the layout of "Custom Scalars"."""
        # Not at the top: torch's writer takes long to import.
        from torch.utils.tensorboard.summary import hparams

        # Lightning's log_hyperparams would add a point to RESULT: of a loss not yet known.
        settings = self._sanitize_params(_flat(dataclasses.asdict(config)))
        for summary in hparams(settings, {RESULT: 0.0}):
            self.experiment._get_file_writer().add_summary(summary)
        self.experiment.add_custom_scalars(LAYOUT)


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}/")
        else:
            flat[prefix + key] = value
    return flat
