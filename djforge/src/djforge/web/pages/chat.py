"""The first page: sign in, or the chat with what plays now. Works as forms without JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from djforge.commands import Commands, Reply
from djforge.commands.conversation import turn_of
from djforge.interpreter.intents import Intent
from djforge.spotify.client import SpotifyClient
from djforge.spotify.errors import NeedsReauth, SpotifyError
from djforge.web import bodies
from djforge.web.api.preferences import choose_model
from djforge.web.callers import Caller, Callers
from djforge.web.connections import Connections
from djforge.web.policies import Policies

SEE_OTHER = 303
UP_NEXT = 5
EXAMPLES = (
    "play something like Radiohead but happier",
    "queue three songs by Björk",
    "some jazz for a rainy evening",
    "a bit quieter",
)
PROBLEMS = {
    "state_mismatch": "The sign-in took too long or began in another browser. Try again.",
    "denied": "You did not agree, so nothing was connected.",
    "auth_failed": "Spotify did not complete the sign-in. Try again.",
    "no_code": "Spotify sent nothing back. Try again.",
}
ACTIONS: dict[str, Intent] = {
    "play": Intent(intent="play", confidence=1.0),
    "pause": Intent(intent="pause", confidence=1.0),
    "next": Intent(intent="skip", confidence=1.0),
    "previous": Intent(intent="previous", confidence=1.0),
    "louder": Intent(intent="set_volume", confidence=1.0, volume_change=10),
    "quieter": Intent(intent="set_volume", confidence=1.0, volume_change=-10),
}


class PageParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages need."""

    callers: Callers
    commands: Commands
    connections: Connections


class ChatPages:
    """The pages and what their forms send."""

    def __init__(self, parts: PageParts, templates: Jinja2Templates) -> None:
        self._parts = parts
        self._templates = templates

    def routes(self, policies: Policies) -> Sequence[Route]:
        """All routes with their policies."""
        return [
            policies.open("GET", "/", self.home),
            policies.signed_in("POST", "/chat", self.chat),
            policies.signed_in("POST", "/chat/confirm", self.confirm),
            policies.signed_in("POST", "/chat/clear", self.clear),
            policies.signed_in("POST", "/chat/model", self.choose_model),
            policies.signed_in("GET", "/player", self.player, prolong=False),
            policies.signed_in("POST", "/player", self.press),
        ]

    async def home(self, request: Request) -> Response:
        """Sign in, or the chat."""
        caller = await self._parts.callers.identify(request)
        if caller is None:
            problem = request.query_params.get("error")
            welcome = {
                "examples": EXAMPLES,
                "sign_in_url": "/api/auth/login",
                "problem": PROBLEMS.get(problem, PROBLEMS["auth_failed"]) if problem else None,
            }
            return self._templates.TemplateResponse(request, "sign_in.html", welcome)
        pseudonym = self._parts.connections.pseudonym(caller.session)
        models = self._parts.commands.models
        turns = await self._parts.commands.history(pseudonym)
        context: dict[str, Any] = {
            "is_administrator": caller.is_administrator,
            "person": caller.session.person,
            "turns": turns,
            "examples": EXAMPLES,
            "models": models.offered,
            "chosen_model": await models.chosen(pseudonym),
            "log_base": _log_base(caller),
            "player": await self._player(caller, None),
        }
        return self._templates.TemplateResponse(request, "chat.html", context)

    async def chat(self, request: Request, caller: Caller) -> Response:
        """A command in words."""
        command = bodies.command(await bodies.form_field(request, "command"))
        async with self._parts.connections.active(caller.session) as listener:
            reply = await self._parts.commands.handle(listener, command, "chat")
        return self._answered(request, caller, reply)

    async def confirm(self, request: Request, caller: Caller) -> Response:
        """Yes or no to what was asked."""
        agreed = await bodies.form_field(request, "answer") == "yes"
        async with self._parts.connections.active(caller.session) as listener:
            reply = await self._parts.commands.confirm(listener, agreed=agreed)
        return RedirectResponse("/", SEE_OTHER) if reply is None else self._answered(request, caller, reply)

    async def clear(self, request: Request, caller: Caller) -> Response:
        """Forget the conversation."""
        session = caller.session
        await self._parts.commands.clear(self._parts.connections.pseudonym(session), session.hash)
        return RedirectResponse("/", SEE_OTHER)

    async def choose_model(self, request: Request, caller: Caller) -> Response:
        """Which model to ask from now on; none = the default."""
        given = await bodies.form_field(request, "model")
        model = bodies.text(given, "model") if given else None
        await choose_model(self._parts.commands.models, self._parts.connections.pseudonym(caller.session), model)
        return RedirectResponse("/", SEE_OTHER)

    async def player(self, request: Request, caller: Caller) -> Response:
        """The player's part of the page."""
        return self._drawn(request, await self._player(caller, None))

    async def press(self, request: Request, caller: Caller) -> Response:
        """One of the player's buttons."""
        intent = ACTIONS.get(str(await bodies.form_field(request, "action")))
        if intent is None:
            raise bodies.Invalid("action", f"action must be one of {', '.join(ACTIONS)}.")
        async with self._parts.connections.active(caller.session) as listener:
            outcome = await listener.player.perform(intent)
        if "x-fragment" not in request.headers:
            return RedirectResponse("/", SEE_OTHER)
        return self._drawn(request, await self._player(caller, None if outcome.success else outcome.message))

    def _answered(self, request: Request, caller: Caller, reply: Reply) -> Response:
        if "x-fragment" not in request.headers:
            return RedirectResponse("/", SEE_OTHER)
        context = {"turn": turn_of(reply), "newest": True, "log_base": _log_base(caller)}
        return self._templates.TemplateResponse(request, "turn.html", context)

    def _drawn(self, request: Request, player: dict[str, Any]) -> Response:
        return self._templates.TemplateResponse(request, "player.html", {"player": player})

    async def _player(self, caller: Caller, notice: str | None) -> dict[str, Any]:
        try:
            async with self._parts.connections.active(caller.session) as listener:
                return await player_view(listener.spotify, notice)
        except NeedsReauth:
            raise
        except SpotifyError as error:
            return _quiet("Spotify", error.message_for_person, notice)


async def player_view(spotify: SpotifyClient, notice: str | None) -> dict[str, Any]:
    """What plays, as the page shows it. Raises SpotifyError."""
    playback = await spotify.playback()
    if playback is None:
        return _quiet("Nothing is playing", "Ask for music, or open Spotify on a device.", notice)
    device, track = playback.device, playback.track
    queue = await spotify.queue()
    heading = "Nothing is playing" if track is None else "Now playing" if playback.is_playing else "Paused"
    view = _quiet(heading, "Ask for music, and it plays here.", notice)
    return view | {
        "state": "playing" if playback.is_playing else "paused",
        "is_playing": playback.is_playing,
        "controllable": True,
        "track": None if track is None else {
            "name": track.name, "artists": track.artist_names,
            "album": track.album.name if track.album else None, "initial": track.name[:1],
        },
        "duration_ms": track.duration_ms if track is not None else 0,
        "position_ms": playback.progress_ms or 0,
        "device": device.name if device is not None else None,
        "volume": device.volume_percent if device is not None else None,
        "up_next": [
            {"name": item.name, "artists": getattr(item, "artist_names", "")} for item in queue.queue[:UP_NEXT]
        ],
    }  # fmt: skip


def _quiet(heading: str, sentence: str, notice: str | None) -> dict[str, Any]:
    return {
        "state": "quiet", "heading": heading, "sentence": sentence, "notice": notice, "track": None,
        "controllable": False, "is_playing": False, "volume": None, "device": None, "up_next": [],
        "duration_ms": 0, "position_ms": 0,
    }  # fmt: skip


def _log_base(caller: Caller) -> str:
    return "/llmlog/logs" if caller.is_administrator else "/llmlog/mine"
