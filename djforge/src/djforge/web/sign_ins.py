"""Sign-ins under way: between leaving for Spotify and coming back.

Identified by OAuth's `state`, which a short-lived cookie of the same browser must repeat. Invariant: each is
good for one return, within 5 minutes.
"""

from __future__ import annotations

import hmac

import msgspec

from djforge.listener import keys
from djforge.listener.sealing import Seal
from djforge.listener.store import ListenerStore


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be remembered until the person is back from Spotify."""

    verifier: str
    """PKCE's secret half."""
    return_to: str
    """Path to go to after."""


class SignIns:
    """Keeps sign-ins under way and gives each out once."""

    def __init__(self, store: ListenerStore, seal: Seal) -> None:
        self._store = store
        self._seal = seal

    async def begin(self, state: str, sign_in: SignIn) -> None:
        """Remember a sign-in for 5 minutes."""
        key = keys.sign_in(state)
        await self._store.set(key, self._seal.close(msgspec.json.encode(sign_in), key), keys.SIGN_IN_S)

    async def finish(self, state: str, cookie: str) -> SignIn | None:
        """The sign-in of a state, once; None for another browser's, a used or an old one."""
        if not state or not hmac.compare_digest(state.encode(), cookie.encode()):
            return None
        key = keys.sign_in(state)
        sealed = await self._store.take(key)
        value = None if sealed is None else self._seal.open(sealed, key)
        return None if value is None else msgspec.json.decode(value, type=SignIn)


def local_path(given: str | None) -> str:
    """A path of this site to return to; anything that could lead elsewhere becomes `/`."""
    if not given or not given.startswith("/") or given.startswith("//") or len(given) > 1000:
        return "/"
    if "\\" in given or any(ord(character) < 0x20 or ord(character) == 0x7F for character in given):
        return "/"
    return given
