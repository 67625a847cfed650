"""People signed in to the Spotify simulator over HTTP, for tests to listen as."""

from __future__ import annotations

import html
import random
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from djforge.player import Player
from djforge.spotify import SessionTokens, SpotifyAccounts, SpotifyClient, Tokens, challenge_of, new_verifier
from djforge.spotify.accounts import SCOPES
from djforge.spotify.simulator import RunningSimulator
from djforge.spotify.simulator.control import Simulator
from llmlog.clock import ManualClock

CLIENT_ID = "0123456789abcdef0123456789abcdef"
REDIRECT_URI = "http://127.0.0.1:3001/api/auth/callback"


@dataclass
class Listening:
    """One person's connection to the simulator."""

    accounts: SpotifyAccounts
    http: httpx2.AsyncClient
    tokens: SessionTokens
    client: SpotifyClient
    player: Player
    simulator: Simulator
    person: str
    saved: list[Tokens] = field(default_factory=list)
    waited_s: list[float] = field(default_factory=list)
    api_url: str = ""

    async def recent(self, query: str) -> dict[str, Any]:
        """A page of the history as Spotify sends it."""
        token = await self.tokens.access_token()
        url = f"{self.api_url}/me/player/recently-played{query}"
        page = await self.http.get(url, headers={"authorization": f"Bearer {token}"})
        assert page.status_code == 200, page.text
        told: dict[str, Any] = page.json()
        return told


Listen = Callable[..., AbstractAsyncContextManager[Listening]]


async def agree(http: httpx2.AsyncClient, url: str, choice: dict[str, str]) -> dict[str, list[str]]:
    """Open the sign-in page, press one of its buttons, and return the query of the way back."""
    page = await http.get(url)
    assert page.status_code == 200, page.text
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    form = {name: html.unescape(value) for name, value in hidden}
    answer = await http.post(url.split("?")[0], data={**form, **choice})
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(REDIRECT_URI)
    return parse_qs(urlsplit(answer.headers["location"]).query)


@asynccontextmanager
async def listen(
    running: RunningSimulator,
    clock: ManualClock,
    person: str = "dana",
    scopes: tuple[str, ...] = SCOPES,
    timeout_s: float = 5.0,
) -> AsyncIterator[Listening]:
    """Sign a person in and hand out their client and player."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        accounts = SpotifyAccounts(http, running.accounts_url, CLIENT_ID, REDIRECT_URI, clock, timeout_s)
        verifier = new_verifier(random.Random(7).randbytes)
        url = accounts.authorize_url("state-1", challenge_of(verifier), scopes)
        answer = await agree(http, url, {"person": person})
        saved: list[Tokens] = []
        waited_s: list[float] = []

        async def save(tokens: Tokens) -> None:
            saved.append(tokens)

        async def wait(seconds: float) -> None:
            waited_s.append(seconds)

        granted = await accounts.exchange(answer["code"][0], verifier)
        tokens = SessionTokens(granted, accounts, save, clock)
        client = SpotifyClient(http, running.api_url, tokens, timeout_s)
        player = Player(client, wait)
        yield Listening(
            accounts=accounts,
            http=http,
            tokens=tokens,
            client=client,
            player=player,
            simulator=running.simulator,
            person=person,
            saved=saved,
            waited_s=waited_s,
            api_url=running.api_url,
        )
