"""The arguments of a transform network stand once; checkpoints derive their checks from them."""

from __future__ import annotations

import inspect
from typing import get_type_hints

from faststyle.checkpoints.metadata import SECTIONS, TEXT, WHOLE
from faststyle.networks.arguments import NetworkArguments
from faststyle.networks.transform_net import TransformNet


def test_they_are_the_signature_of_the_network() -> None:
    signature = inspect.signature(TransformNet, eval_str=True)
    taken = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    assert taken == get_type_hints(NetworkArguments)
    assert all(p.kind is p.KEYWORD_ONLY for p in signature.parameters.values())


def test_a_checkpoint_checks_the_type_of_each() -> None:
    assert SECTIONS["network"] == {
        "width": WHOLE,
        "num_residual_blocks": WHOLE,
        "norm": TEXT,
        "padding": TEXT,
        "upsample": TEXT,
        "output": TEXT,
    }
