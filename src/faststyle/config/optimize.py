"""The typed configuration of `python -m faststyle.optimize`; as in config.py, values in conf/."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING

from faststyle.config.train import LossConfig, LossNetworkConfig, StyleConfig
from faststyle.errors import UserError, above_zero, at_least


@dataclass(kw_only=True)
class BlendedStyleConfig(StyleConfig):
    images: list[str] | None = MISSING
    blend: list[float] | None = MISSING

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.images is None:
            if self.blend is not None:
                raise UserError("style.blend: weighs style.images; give them: style.images=[a,b]")
            return
        if not self.images or self.image is not None:
            given = "both style.image and style.images" if self.images else "no picture"
            raise UserError(f"style.images: got {given}; give one or more, style.images=[a,b]")
        if self.blend is not None:
            if len(self.blend) != len(self.images):
                raise UserError(
                    f"style.blend: {len(self.blend)} weights for {len(self.images)} style.images; "
                    "give one for each"
                )
            for weight in self.blend:
                if not 0 < weight < float("inf"):
                    raise UserError(f"style.blend: weights must be above 0, got {weight}")


@dataclass(kw_only=True)
class OptimizeConfig:
    style: BlendedStyleConfig = MISSING
    loss: LossConfig = MISSING
    loss_network: LossNetworkConfig = MISSING
    content: str = MISSING
    output: str = MISSING
    size: int = MISSING
    init: str = MISSING
    steps: int = MISSING
    optimizer: str = MISSING
    learning_rate: float = MISSING
    history: int = MISSING
    multiscale: bool = MISSING
    coarsest_size: int = MISSING
    keep_color: bool = MISSING
    style_scale: float = MISSING
    preview_every: int = MISSING
    progress_bar: bool = MISSING
    device: str = MISSING
    seed: int = MISSING

    def __post_init__(self) -> None:
        at_least("", self, 1, ["steps", "history", "preview_every"])
        at_least("", self, 0, ["seed"])
        at_least("", self, 32, ["size", "coarsest_size"])
        above_zero("", self, ["learning_rate", "style_scale"])
        if self.content == "none":
            if self.init == "content":
                raise UserError("init: content=none leaves no photo to start from; use init=noise")
            if self.keep_color:
                raise UserError("keep_color: content=none leaves no photo whose colors to keep")
