"""Who makes a request: the cookie, the session behind it, and whether the person is administrator."""

from __future__ import annotations

import msgspec
from starlette.requests import HTTPConnection
from starlette.responses import Response

from djforge.listener import keys
from djforge.settings import Settings
from djforge.web.administrator import is_administrator
from djforge.web.sessions import Session, Sessions

SESSION_COOKIE = "djforge_session"
SIGN_IN_COOKIE = "djforge_signin"


class Caller(msgspec.Struct, frozen=True):
    """A signed-in person's request."""

    session: Session
    is_administrator: bool


class Callers:
    """Finds the caller of a request and hands out cookies."""

    def __init__(self, settings: Settings, sessions: Sessions) -> None:
        self._settings = settings
        self._sessions = sessions

    async def identify(self, connection: HTTPConnection, *, prolong: bool = True) -> Caller | None:
        """The caller, or None when nobody is signed in. Administrator rights are worked out each time."""
        session_id = connection.cookies.get(cookie_name(SESSION_COOKIE, connection))
        if not session_id:
            return None
        session = await self._sessions.find(session_id, prolong=prolong)
        if session is None:
            return None
        return Caller(session, is_administrator(self._settings, session.person))


def cookie_name(name: str, connection: HTTPConnection) -> str:
    """Under HTTPS the `__Host-` prefix makes browsers refuse the cookie from anywhere but this host."""
    return f"__Host-{name}" if _https(connection) else name


def give_session(response: Response, connection: HTTPConnection, session_id: str) -> None:
    """Put the session's id into the browser."""
    _set(response, connection, SESSION_COOKIE, session_id, keys.ABSOLUTE_S)


def give_sign_in(response: Response, connection: HTTPConnection, state: str) -> None:
    """Bind a sign-in under way to this browser."""
    _set(response, connection, SIGN_IN_COOKIE, state, keys.SIGN_IN_S)


def take_back(response: Response, connection: HTTPConnection, name: str) -> None:
    """Have the browser forget a cookie."""
    _set(response, connection, name, "", 0)


def _set(response: Response, connection: HTTPConnection, name: str, value: str, max_age_s: int) -> None:
    response.set_cookie(
        cookie_name(name, connection),
        value,
        max_age=max_age_s,
        path="/",
        secure=_https(connection),
        httponly=True,
        samesite="lax",
    )


def _https(connection: HTTPConnection) -> bool:
    return connection.url.scheme in ("https", "wss")
