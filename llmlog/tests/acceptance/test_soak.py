"""Half a minute of everything at once; `make soak` runs longer."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from soak import Soak


@pytest.mark.timeout(400)
def test_half_a_minute_of_faults(tmp_path: Path) -> None:
    """Four hosts with threads and event loops, killed and cut off at random: nothing lost, nothing twice."""
    seed = random.randrange(10_000)
    print(f"replay with: make soak MINUTES=0.5 SEED={seed}")
    report = Soak(tmp_path, seed).run(30)
    assert report.accepted > 500
    assert sum(report.faults.values()) >= 5
