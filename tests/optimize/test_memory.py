"""The memory that optimizing pixels needs."""

from __future__ import annotations

import pytest

from faststyle.errors import UserError
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.memory import check_fits
from faststyle.optimize.memory import peak_bytes


def test_memory_goes_with_area_and_history(loss_network: LossNetwork) -> None:
    needed = peak_bytes(loss_network, 100, 200, 100)
    assert peak_bytes(loss_network, 200, 400, 100) == pytest.approx(4 * needed)
    history = needed - peak_bytes(loss_network, 100, 200, 0)
    assert history == pytest.approx(2 * 100 * 3 * 100 * 200 * 4, abs=1)


def test_a_size_that_does_not_fit_names_the_one_that_does() -> None:
    check_fits("size", 10, 10, 512)
    with pytest.raises(UserError, match=r"about 8\.0 GB, 2\.0 GB are free; size=512 fits"):
        check_fits("size", 8 * 10**9, 2 * 10**9, 1024)
