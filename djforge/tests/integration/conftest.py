"""Fixtures over the Spotify simulator: a real server on this machine, and people signed in to it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

import pytest
from spotify_listening import Listen, listen

from djforge.spotify.simulator import RunningSimulator
from llmlog.clock import ManualClock


@pytest.fixture
def sim_clock() -> ManualClock:
    """The time of the simulator and of the clients that talk to it."""
    return ManualClock()


@pytest.fixture
def simulated_spotify(sim_clock: ManualClock) -> Iterator[RunningSimulator]:
    """A running simulator."""
    with RunningSimulator(sim_clock, random.Random(20)) as running:
        yield running


@pytest.fixture
def listening(simulated_spotify: RunningSimulator, sim_clock: ManualClock) -> Listen:
    """Signs a person in over HTTP and hands out their client and player."""
    return partial(listen, simulated_spotify, sim_clock)
