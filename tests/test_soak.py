"""Some of the soak's schedules; `make soak` runs several hundred."""

from __future__ import annotations

import pytest

from tests.soak import FEW, Schedule


@pytest.mark.parametrize("seed", range(FEW))
def test_nothing_is_lost_and_nothing_invented_whatever_happens_on_the_way(seed: int) -> None:
    Schedule(seed).run()
