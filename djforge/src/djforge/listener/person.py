"""Who a listener is, as Spotify said at sign-in."""

from __future__ import annotations

import msgspec


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A person signed in with Spotify. Identified by `id`."""

    id: str
    display_name: str
    account_id: str | None = None
    """Spotify's second, immutable id, where it tells one."""
