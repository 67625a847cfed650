"""`/authorize`: the page that asks who is there, and the way back to the app."""

from __future__ import annotations

import random
from collections.abc import Mapping
from importlib import resources
from urllib.parse import urlencode, urlsplit

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from djforge.spotify.simulator.sign_in.grants import Asked, Grants
from djforge.spotify.simulator.sign_in.people import DemoPerson

ASKED_FIELDS = (
    "client_id",
    "response_type",
    "redirect_uri",
    "state",
    "scope",
    "code_challenge_method",
    "code_challenge",
)
LOOPBACK = ("127.0.0.1", "::1")
SEE_OTHER = 303


class AuthorizePage:
    """Shows the people to choose from and sends the browser back with a code, or without."""

    def __init__(self, people: Mapping[str, DemoPerson], grants: Grants, rng: random.Random) -> None:
        self._people = people
        self._grants = grants
        self._rng = rng
        source = resources.files(__package__).joinpath("sign_in.html").read_text(encoding="utf-8")
        environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
        self._template = environment.from_string(source)

    async def show(self, request: Request) -> Response:
        """Ask who is there."""
        query = request.query_params
        fault = _fault(query)
        if fault is not None:
            return PlainTextResponse(fault, 400)
        nonce = f"{self._rng.getrandbits(128):032x}"
        page = self._template.render(
            nonce=nonce,
            action=request.url.path,
            asked=[(name, query[name]) for name in ASKED_FIELDS if name in query],
            people=list(self._people.values()),
            scopes=query.get("scope", "").replace(" ", ", "),
        )
        back = urlsplit(query["redirect_uri"])
        policy = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self' {back.scheme}://{back.netloc}"
        )
        return HTMLResponse(page, headers={"content-security-policy": policy, "cache-control": "no-store"})

    async def answer(self, request: Request) -> Response:
        """Back to the app."""
        async with request.form(max_files=0, max_fields=20) as form:
            told = {name: value for name, value in form.items() if isinstance(value, str)}
        fault = _fault(told)
        if fault is not None:
            return PlainTextResponse(fault, 400)
        person = self._people.get(told.get("person", ""))
        if "cancel" in told:
            return _back(told, {"error": "access_denied"})
        if person is None:
            return PlainTextResponse("INVALID_REQUEST: nobody of that name", 400)
        asked = Asked(
            client_id=told["client_id"],
            redirect_uri=told["redirect_uri"],
            challenge=told["code_challenge"],
            scope=told.get("scope", ""),
        )
        return _back(told, {"code": self._grants.new_code(person.id, asked)})


def _back(asked: Mapping[str, str], answer: dict[str, str]) -> Response:
    if "state" in asked:
        answer["state"] = asked["state"]
    target = asked["redirect_uri"]
    joint = "&" if urlsplit(target).query else "?"
    return RedirectResponse(f"{target}{joint}{urlencode(answer)}", SEE_OTHER)


def _fault(asked: Mapping[str, str]) -> str | None:
    """What is wrong with a request for authorisation; None when nothing is."""
    if not asked.get("client_id"):
        return "INVALID_CLIENT: Invalid client"
    if not _may_return_to(asked.get("redirect_uri", "")):
        return "INVALID_CLIENT: Invalid redirect URI"
    if asked.get("response_type") != "code":
        return "unsupported_response_type: response_type must be code"
    if asked.get("code_challenge_method") != "S256":
        return "INVALID_REQUEST: code_challenge_method must be S256"
    if len(asked.get("code_challenge", "")) != 43:
        return "INVALID_REQUEST: code_challenge must be a S256 challenge"
    return None


def _may_return_to(uri: str) -> bool:
    """HTTPS, or HTTP on a loopback address; `localhost` is not taken, as at Spotify's."""
    try:
        parts = urlsplit(uri)
        hostname = parts.hostname
    except ValueError:
        return False
    if parts.fragment or not hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and hostname in LOOPBACK)
