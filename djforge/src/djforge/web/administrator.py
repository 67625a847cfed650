"""Who is administrator: computed for each request from the settings and the person, kept nowhere."""

from __future__ import annotations

import hmac

from djforge.listener.person import Person
from djforge.settings import Settings

DEMO_ADMINISTRATOR = "dana"
"""The simulator's demo person who may read the logs of a server that only this machine can reach."""


def is_administrator(settings: Settings, person: Person) -> bool:
    """Whether a person may read all logs: their Spotify id or account id stands in ADMIN_SPOTIFY_ID."""
    allowed = settings.admin_ids or ((DEMO_ADMINISTRATOR,) if demo_administrator_allowed(settings) else ())
    candidates = [person.id, *([person.account_id] if person.account_id else [])]
    # Every pair is compared, so that the time taken tells nothing about which one matched.
    matches = [
        hmac.compare_digest(own.encode(), wanted.encode()) for own in candidates if own for wanted in allowed
    ]
    return any(matches)


def demo_administrator_allowed(settings: Settings) -> bool:
    """Whether the demo person counts: simulator in use, reachable from this machine only, nobody named."""
    return settings.uses_simulator and settings.reachable_from_here_only and not settings.admin_ids
