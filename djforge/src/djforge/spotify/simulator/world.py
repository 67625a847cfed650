"""Everything the simulator knows, in one place: people, their devices and players, grants, and planned trouble.

Requests come from the server's thread and control from any other, so every look and change holds `lock`.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from dataclasses import dataclass
from typing import Final

from djforge.spotify.simulator.music.catalogue import Catalogue
from djforge.spotify.simulator.music.search import Search
from djforge.spotify.simulator.playback.devices import Shelf, first_devices
from djforge.spotify.simulator.playback.player import SimulatedPlayer
from djforge.spotify.simulator.sign_in.grants import Grants
from djforge.spotify.simulator.sign_in.people import DEMO_PEOPLE, Product
from llmlog.clock import Clock

MAX_SEEN: Final = 1000


@dataclass
class Account:
    """One person's Spotify."""

    product: Product
    shelf: Shelf
    player: SimulatedPlayer


@dataclass(frozen=True)
class Trouble:
    """What the next request to a path gets instead of its answer."""

    path_prefix: str
    status: int | None = None
    """None = the usual answer, after the delay."""
    reason: str | None = None
    retry_after_s: int | None = None
    body: bytes | None = None
    delay_s: float = 0.0


class World:
    """The state of the simulator."""

    def __init__(self, catalogue: Catalogue, clock: Clock, rng: random.Random) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.rng = rng
        self.catalogue = catalogue
        self.search = Search(catalogue)
        self.people = {person.id: person for person in DEMO_PEOPLE}
        self.grants = Grants(clock, rng)
        self.accounts = {
            person.id: Account("premium", first_devices(person.id), SimulatedPlayer(clock, rng))
            for person in DEMO_PEOPLE
        }
        self.troubles: list[Trouble] = []
        self.seen: deque[tuple[str, str]] = deque(maxlen=MAX_SEEN)

    def take_trouble(self, path: str) -> Trouble | None:
        """The oldest trouble planned for a path; it happens once."""
        for trouble in self.troubles:
            if path.startswith(trouble.path_prefix):
                self.troubles.remove(trouble)
                return trouble
        return None
