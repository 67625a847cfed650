"""`/api/auth`: sign in with Spotify (OAuth with PKCE), sign out, who am I."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from djforge.listener.person import Person
from djforge.listener.sealing import RandomBytes
from djforge.settings import CALLBACK_PATH, Settings
from djforge.spotify.accounts import SpotifyAccounts, challenge_of
from djforge.spotify.errors import SpotifyError
from djforge.web.callers import SIGN_IN_COOKIE, Caller, Callers, cookie_name, give_session, give_sign_in, take_back
from djforge.web.connections import Connections
from djforge.web.policies import Policies
from djforge.web.sessions import Sessions, random_id
from djforge.web.sign_ins import SignIn, SignIns, local_path
from llmlog.clock import Clock

PREFIX = "/api/auth"
SEE_OTHER = 303

_logger = logging.getLogger("djforge.auth")


class AuthParts(msgspec.Struct, frozen=True, kw_only=True):
    """What signing in needs."""

    settings: Settings
    sessions: Sessions
    sign_ins: SignIns
    callers: Callers
    connections: Connections
    accounts: SpotifyAccounts
    random_bytes: RandomBytes
    clock: Clock


class AuthApi:
    """The routes of `/api/auth`."""

    def __init__(self, parts: AuthParts) -> None:
        self._parts = parts
        self._home = urlsplit(parts.settings.spotify.redirect_uri)

    def routes(self, policies: Policies) -> Sequence[Route]:
        """All routes with their policies."""
        return [
            policies.open("GET", f"{PREFIX}/login", self.login),
            policies.open("GET", CALLBACK_PATH, self.callback),
            policies.open("POST", f"{PREFIX}/logout", self.logout),
            policies.open("POST", "/sign-out", self.sign_out),
            policies.open("GET", f"{PREFIX}/status", self.status),
            policies.signed_in("GET", f"{PREFIX}/admin-check", self.admin_check),
        ]

    async def login(self, request: Request) -> Response:
        """Leave for Spotify."""
        return_to = local_path(request.query_params.get("return_to"))
        if request.url.hostname != self._home.hostname:
            # Spotify sends people back to the redirect URI's host, where this host's cookie is not known.
            query = urlencode({"return_to": return_to})
            return RedirectResponse(f"{self._home.scheme}://{self._home.netloc}{PREFIX}/login?{query}", SEE_OTHER)
        state, verifier = random_id(self._parts.random_bytes), random_id(self._parts.random_bytes)
        await self._parts.sign_ins.begin(state, SignIn(verifier=verifier, return_to=return_to))
        response = RedirectResponse(self._parts.accounts.authorize_url(state, challenge_of(verifier)), SEE_OTHER)
        give_sign_in(response, request, state)
        return response

    async def callback(self, request: Request) -> Response:
        """Back from Spotify: make a session, or say on the first page why not."""
        problem, target, session_id = await self._returned(request)
        if problem is not None:
            _logger.warning("sign-in failed: %s", problem)
            target = f"/?{urlencode({'error': problem})}"
        response = RedirectResponse(target, SEE_OTHER)
        take_back(response, request, SIGN_IN_COOKIE)
        if session_id is not None:
            give_session(response, request, session_id)
        return response

    async def _returned(self, request: Request) -> tuple[str | None, str, str | None]:
        """What went wrong (or None), where to go, and the new session's id."""
        asked = request.query_params
        cookie = request.cookies.get(cookie_name(SIGN_IN_COOKIE, request), "")
        sign_in = await self._parts.sign_ins.finish(asked.get("state", ""), cookie)
        if sign_in is None:
            return "state_mismatch", "/", None
        if asked.get("error"):
            return ("denied" if asked["error"] == "access_denied" else "auth_failed"), "/", None
        if not asked.get("code"):
            return "no_code", "/", None
        try:
            session_id = await self._begin_session(request, asked["code"], sign_in.verifier)
        except SpotifyError as error:
            _logger.warning("Spotify refused a sign-in: %s", type(error).__name__)
            return "auth_failed", "/", None
        return None, sign_in.return_to, session_id

    async def _begin_session(self, request: Request, code: str, verifier: str) -> str:
        """Trade the code for tokens and open a session. Raises SpotifyError."""
        tokens = await self._parts.accounts.exchange(code, verifier)
        profile = await self._parts.connections.profile_with(tokens)
        person = Person(
            id=profile.id, account_id=profile.account_id, display_name=profile.display_name or profile.id
        )
        await self._end(request)  # a new sign-in never goes on under the id of an old one
        session_id, session = await self._parts.sessions.open(person, tokens)
        await self._parts.connections.keep_profile(session, profile)
        _logger.info("signed in: session %s", session.log_id)
        return session_id

    async def logout(self, request: Request) -> Response:
        """End the session here; the cookie opens nothing any more."""
        ended = await self._end(request)
        message = "Signed out." if ended else "Nobody was signed in."
        response = JSONResponse({"success": True, "message": message})
        take_back(response, request, "djforge_session")
        return response

    async def sign_out(self, request: Request) -> Response:
        """The same for the page's button."""
        await self._end(request)
        response = RedirectResponse("/", SEE_OTHER)
        take_back(response, request, "djforge_session")
        return response

    async def status(self, request: Request) -> Response:
        """Whether somebody is signed in, and who."""
        caller = await self._parts.callers.identify(request)
        if caller is None:
            return JSONResponse({"authenticated": False})
        return JSONResponse(await self._told(caller))

    async def _told(self, caller: Caller) -> dict[str, object]:
        person = caller.session.person
        profile = await self._parts.connections.profile(caller.session)
        tokens = await self._parts.sessions.tokens(caller.session)
        return {
            "authenticated": True,
            "userId": person.id,
            "displayName": (profile.display_name if profile is not None else None) or person.display_name,
            "tokenValid": tokens is not None and tokens.expires_at_ms > self._parts.clock.now_ms(),
            "isAdmin": caller.is_administrator,
        }

    async def admin_check(self, request: Request, caller: Caller) -> Response:
        """Whether the person is administrator."""
        return JSONResponse(
            {"success": True, "isAdmin": caller.is_administrator, "userId": caller.session.person.id}
        )

    async def _end(self, request: Request) -> bool:
        caller = await self._parts.callers.identify(request, prolong=False)
        if caller is None:
            return False
        await self._parts.sessions.end(caller.session)
        self._parts.connections.forget(caller.session)
        _logger.info("signed out: session %s", caller.session.log_id)
        return True
