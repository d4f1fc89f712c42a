"""The transform networks that the scripts build."""

from __future__ import annotations

from typing import Any

from omegaconf import OmegaConf

from faststyle.files.paths import CONF_DIR


def network_arguments(**changes: Any) -> dict[str, Any]:
    """Return TransformNet's arguments from conf/network/full.yaml, with `changes` applied."""
    return {**dict(OmegaConf.load(CONF_DIR / "network" / "full.yaml")), **changes}
