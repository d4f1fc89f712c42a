"""Settings of `python -m faststyle.optimize`: types and ranges. Their values are in conf/."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING

from faststyle.config.ranges import MOST, check_range
from faststyle.config.train import MAX_SEED, LossConfig, LossNetworkConfig, StyleConfig
from faststyle.errors import UserError

# Keys whose values are files or free text: taken as they are, whatever characters they hold.
TEXT_KEYS = (
    "content",
    "output",
    "init",
    "style.image",
    "style.name",
    "style.title",
    "style.artist",
    "style.rights",
    "loss_network.weights",
)
MOST_SCALE = 1000.0
MOST_BLEND = 1e6


@dataclass(kw_only=True)
class BlendedStyleConfig(StyleConfig):
    """A style from one image (`image`) or several (`images`), their weights in `blend`."""

    images: list[str] | None = MISSING
    blend: list[float] | None = MISSING

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.images is None:
            if self.blend is not None:
                raise UserError(
                    "style.blend: the weights are for style.images; give style.images=[a,b]"
                )
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
                if not 0 < weight <= MOST_BLEND:
                    limit = f"at most {MOST_BLEND:g}" if weight > 0 else "above 0"
                    raise UserError(f"style.blend: weights must be {limit}, got {weight}")


@dataclass(kw_only=True)
class OptimizeConfig:
    """Every setting of one optimization."""

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
        check_range("", self, 1, MOST, ["steps", "history", "preview_every"])
        check_range("", self, 0, MAX_SEED, ["seed"])
        check_range("", self, 32, MOST, ["size", "coarsest_size"])
        check_range("", self, 0, MOST_SCALE, ["learning_rate", "style_scale"], open_low=True)
        if self.content == "none":
            if self.init == "content":
                raise UserError("init: content=none leaves no photo to start from; use init=noise")
            if self.keep_color:
                raise UserError("keep_color: content=none leaves no photo whose colors to keep")
