"""The person a command is carried out for, with what it takes to reach their Spotify."""

from __future__ import annotations

import msgspec

from djforge.listener.person import Person
from djforge.player import Player
from djforge.spotify.client import SpotifyClient


class ActiveListener(msgspec.Struct, frozen=True, kw_only=True):
    """One request's person. Identified by `person.id`."""

    person: Person
    pseudonym: str
    """What stands for the person in Redis."""
    session_hash: str
    session_log_id: str
    """What stands for the session in the logs."""
    spotify: SpotifyClient
    player: Player
