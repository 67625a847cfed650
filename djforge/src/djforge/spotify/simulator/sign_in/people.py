"""The people who can sign in to the simulator."""

from __future__ import annotations

from typing import Literal

import msgspec

from djforge.spotify.simulator.music.catalogue import stable_id

Product = Literal["premium", "free"]


class DemoPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with a simulated account. Identified by `id`."""

    id: str
    display_name: str
    about: str
    """One line for the sign-in page."""

    @property
    def account_id(self) -> str:
        """What never changes, as Spotify's own `account_id`."""
        return stable_id("account", self.id)


DEMO_PEOPLE: tuple[DemoPerson, ...] = (
    DemoPerson(id="dana", display_name="Dana Demo", about="Listens to everything"),
    DemoPerson(id="lee", display_name="Lee Listener", about="Shares the kitchen speaker's taste"),
)
