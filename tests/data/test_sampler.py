"""The order of photos: fixed by the seed, shared by processes, continued after a stop."""

from __future__ import annotations

import pytest

from faststyle.data.sampler import RunSampler


def positions(num_photos: int = 5, stop: int = 20, start: int = 0, rank: int = 0, world: int = 1):
    return list(RunSampler(num_photos, stop, seed=3, start=start, rank=rank, world=world))


def test_every_epoch_is_a_new_shuffle_of_all_photos() -> None:
    photos = [photo for _, photo in positions()]
    epochs = [photos[i : i + 5] for i in range(0, 20, 5)]
    assert all(sorted(epoch) == [0, 1, 2, 3, 4] for epoch in epochs)
    assert len(set(map(tuple, epochs))) > 1
    assert [position for position, _ in positions()] == list(range(20))


@pytest.mark.parametrize("start", [1, 5, 7, 19, 20])
def test_starting_in_the_middle_gives_the_tail(start: int) -> None:
    assert positions(start=start) == positions()[start:]


def test_ranks_share_the_run_between_them() -> None:
    shares = [positions(stop=18, rank=rank, world=3) for rank in range(3)]
    assert {len(share) for share in shares} == {6}
    assert sorted(pair for share in shares for pair in share) == positions(stop=18)


def test_another_seed_is_another_order() -> None:
    one, other = (list(RunSampler(50, 50, seed, 0, 0, 1)) for seed in (0, 1))
    assert one != other


def test_the_length_is_that_of_the_whole_run() -> None:
    assert len(RunSampler(5, 20, seed=0, start=12, rank=0, world=2)) == 10
