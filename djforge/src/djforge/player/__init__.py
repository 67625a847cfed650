"""From an intent to music: search, match, devices, queue, volume."""

from __future__ import annotations

from djforge.player.outcome import Failure, Outcome
from djforge.player.player import Player

__all__ = ["Failure", "Outcome", "Player"]
