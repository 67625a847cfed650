"""A local Spotify for demos and tests: the same wire, other base URLs."""

from __future__ import annotations

from djforge.spotify.simulator.app import create_simulator
from djforge.spotify.simulator.control import Simulator
from djforge.spotify.simulator.running import RunningSimulator

__all__ = ["RunningSimulator", "Simulator", "create_simulator"]
