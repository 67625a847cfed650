"""Signing in over HTTP: the page, PKCE, codes, rotation, and what ends a sign-in."""

from __future__ import annotations

import asyncio
import random
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx2
import pytest
from spotify_listening import CLIENT_ID, REDIRECT_URI, Listen, agree

from djforge.spotify import SessionTokens, SpotifyAccounts, Tokens, challenge_of, new_verifier
from djforge.spotify.errors import Forbidden, NeedsReauth, RateLimited, SpotifyError, Upstream
from djforge.spotify.simulator import RunningSimulator
from llmlog.clock import ManualClock

VERIFIER = new_verifier(random.Random(3).randbytes)


def accounts_of(http: httpx2.AsyncClient, running: RunningSimulator, clock: ManualClock) -> SpotifyAccounts:
    return SpotifyAccounts(http, running.accounts_url, CLIENT_ID, REDIRECT_URI, clock)


def client() -> AbstractAsyncContextManager[httpx2.AsyncClient]:
    return httpx2.AsyncClient(trust_env=False)


def test_the_whole_way_in(simulated_spotify: RunningSimulator, sim_clock: ManualClock) -> None:
    """Choosing a person on the page ends in tokens for that person; state comes back untouched."""

    async def go() -> None:
        async with client() as http:
            accounts = accounts_of(http, simulated_spotify, sim_clock)
            url = accounts.authorize_url("a+b/c &d", challenge_of(VERIFIER))
            answer = await agree(http, url, {"person": "lee"})
            assert answer["state"] == ["a+b/c &d"]
            tokens = await accounts.exchange(answer["code"][0], VERIFIER)
            assert tokens.expires_at_ms == sim_clock.now_ms() + 3_600_000
            assert tokens.authorised_at_ms == sim_clock.now_ms()
            me = await http.get(
                f"{simulated_spotify.api_url}/me", headers={"authorization": f"Bearer {tokens.access_token}"}
            )
            assert (me.json()["id"], me.json()["display_name"]) == ("lee", "Lee Listener")

    asyncio.run(go())


def test_cancel_says_access_denied(simulated_spotify: RunningSimulator, sim_clock: ManualClock) -> None:
    """Cancelling returns to the app with an error and the state, and without a code."""

    async def go() -> None:
        async with client() as http:
            url = accounts_of(http, simulated_spotify, sim_clock).authorize_url("s", challenge_of(VERIFIER))
            assert await agree(http, url, {"cancel": "1"}) == {"error": ["access_denied"], "state": ["s"]}

    asyncio.run(go())


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "http://localhost:3001/api/auth/callback"},
        {"redirect_uri": "http://evil.example/callback"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "http://[::1"},
        {"client_id": ""},
        {"response_type": "token"},
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
    ],
)
def test_a_faulty_request_shows_no_page(
    simulated_spotify: RunningSimulator, sim_clock: ManualClock, change: dict[str, str]
) -> None:
    """A request for authorisation that Spotify would not take is answered 400, without a way back."""

    async def go() -> None:
        async with client() as http:
            url = accounts_of(http, simulated_spotify, sim_clock).authorize_url("s", challenge_of(VERIFIER))
            asked = dict(httpx2.URL(url).params) | change
            page = f"{simulated_spotify.url}/authorize"
            assert (await http.get(page, params=asked)).status_code == 400
            assert (await http.post(page, data={**asked, "person": "dana"})).status_code == 400

    asyncio.run(go())


def test_the_page_shows_what_it_was_given_as_text(simulated_spotify: RunningSimulator) -> None:
    """Values of the query cannot become markup, and the page may not load or run anything."""

    async def go() -> None:
        async with client() as http:
            asked = {
                "client_id": '"><script>alert(1)</script>',
                "response_type": "code",
                "redirect_uri": REDIRECT_URI,
                "state": "s",
                "code_challenge_method": "S256",
                "code_challenge": challenge_of(VERIFIER),
            }
            page = await http.get(f"{simulated_spotify.url}/authorize", params=asked)
            assert "<script>" not in page.text
            assert "default-src 'none'" in page.headers["content-security-policy"]

    asyncio.run(go())


@pytest.mark.parametrize("fault", ["again", "verifier", "unknown", "late"])
def test_codes_work_once_for_who_began(
    simulated_spotify: RunningSimulator, sim_clock: ManualClock, fault: str
) -> None:
    """A used, foreign, unknown or old code is refused with "sign in again"."""

    async def go() -> None:
        async with client() as http:
            accounts = accounts_of(http, simulated_spotify, sim_clock)
            url = accounts.authorize_url("s", challenge_of(VERIFIER))
            code = (await agree(http, url, {"person": "dana"}))["code"][0]
            verifier = VERIFIER
            if fault == "again":
                await accounts.exchange(code, verifier)
            elif fault == "verifier":
                verifier = new_verifier(random.Random(4).randbytes)
            elif fault == "unknown":
                code = "nothing"
            else:
                sim_clock.advance(601)
            with pytest.raises(NeedsReauth):
                await accounts.exchange(code, verifier)

    asyncio.run(go())


def test_token_endpoint_takes_forms_only(simulated_spotify: RunningSimulator) -> None:
    """JSON is refused as Spotify refuses it."""

    async def go() -> None:
        async with client() as http:
            answer = await http.post(
                f"{simulated_spotify.url}/api/token", json={"grant_type": "refresh_token", "refresh_token": "x"}
            )
            assert answer.status_code == 400
            assert answer.json()["error"] == "unsupported_grant_type"

    asyncio.run(go())


def test_refresh_tokens_rotate(listening: Listen, sim_clock: ManualClock) -> None:
    """Each refresh gives a new refresh token, keeps when the person signed in, and kills the old one."""

    async def go() -> None:
        async with listening() as one:
            first = one.tokens.tokens
            sim_clock.advance(60)
            second = await one.accounts.refresh(first)
            assert second.refresh_token != first.refresh_token
            assert second.access_token != first.access_token
            assert (second.authorised_at_ms, second.scope) == (first.authorised_at_ms, first.scope)
            with pytest.raises(NeedsReauth):
                await one.accounts.refresh(first)
            await one.accounts.refresh(second)

    asyncio.run(go())


def test_the_old_refresh_token_stays_when_none_comes_back(listening: Listen) -> None:
    """An answer without a refresh token and scope keeps those there were."""

    async def go() -> None:
        async with listening() as one:
            one.simulator.answer_next(
                "/api/token", b'{"access_token":"new","token_type":"Bearer","expires_in":3600}'
            )
            before = one.tokens.tokens
            after = await one.accounts.refresh(before)
            assert (after.access_token, after.refresh_token) == ("new", before.refresh_token)
            assert after.scope == before.scope

    asyncio.run(go())


def test_refresh_tokens_die_after_six_months(listening: Listen, sim_clock: ManualClock) -> None:
    """Half a year after signing in, refreshing asks to sign in again, however often it was refreshed."""

    async def go() -> None:
        async with listening() as one:
            tokens = one.tokens.tokens
            for _ in range(6):
                sim_clock.advance(30 * 86_400)
                tokens = await one.accounts.refresh(tokens)
            sim_clock.advance(4 * 86_400)
            with pytest.raises(NeedsReauth):
                await one.accounts.refresh(tokens)

    asyncio.run(go())


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (503, None, Upstream),
        (500, "invalid_grant", Upstream),
        (400, "invalid_grant", NeedsReauth),
        (400, "invalid_client", Forbidden),
        (429, None, RateLimited),
    ],
)
def test_an_outage_is_no_logout(
    listening: Listen, status: int, reason: str | None, kind: type[SpotifyError]
) -> None:
    """Only invalid_grant ends a sign-in; after an outage the same tokens still refresh."""

    async def go() -> None:
        async with listening() as one:
            one.simulator.fail_next("/api/token", status, reason, retry_after_s=9)
            with pytest.raises(kind) as failure:
                await one.accounts.refresh(one.tokens.tokens)
            if isinstance(failure.value, RateLimited):
                assert failure.value.retry_after_s == 9
            await one.accounts.refresh(one.tokens.tokens)

    asyncio.run(go())


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"access_token": 1, "expires_in": 3600}'])
def test_tokens_that_make_no_sense_are_upstream(listening: Listen, body: bytes) -> None:
    """A good status with a strange body is Spotify's trouble, not the person's."""

    async def go() -> None:
        async with listening() as one:
            one.simulator.answer_next("/api/token", body)
            with pytest.raises(Upstream):
                await one.accounts.refresh(one.tokens.tokens)

    asyncio.run(go())


def test_twenty_at_once_refresh_once(listening: Listen, sim_clock: ManualClock) -> None:
    """Twenty concurrent calls with an expired token make one refresh, and all succeed."""

    async def go() -> None:
        async with listening() as one:
            sim_clock.advance(3600)
            asked = len(one.simulator.requests("/api/token"))
            profiles = await asyncio.gather(*(one.client.me() for _ in range(20)))
            assert {profile.id for profile in profiles} == {"dana"}
            assert len(one.simulator.requests("/api/token")) - asked == 1
            assert one.saved == [one.tokens.tokens]

    asyncio.run(go())


def test_twenty_rejected_at_once_refresh_once(listening: Listen) -> None:
    """Twenty concurrent 401s make one refresh too, and each request is sent a second time only."""

    async def go() -> None:
        async with listening() as one:
            one.simulator.expire_tokens()
            asked = len(one.simulator.requests("/api/token"))
            await asyncio.gather(*(one.client.me() for _ in range(20)))
            assert len(one.simulator.requests("/api/token")) - asked == 1
            assert len(one.simulator.requests("/v1/me")) == 40

    asyncio.run(go())


def test_twenty_share_one_failure(listening: Listen, sim_clock: ManualClock) -> None:
    """When the refresh fails, all who wait for it learn that from one request."""

    async def go() -> None:
        async with listening() as one:
            sim_clock.advance(3600)
            one.simulator.fail_next("/api/token", 503)
            asked = len(one.simulator.requests("/api/token"))
            results = await asyncio.gather(*(one.client.me() for _ in range(20)), return_exceptions=True)
            assert all(isinstance(result, Upstream) for result in results)
            assert len(one.simulator.requests("/api/token")) - asked == 1

    asyncio.run(go())


def test_tokens_are_refreshed_ahead(listening: Listen, sim_clock: ManualClock) -> None:
    """In its last minute a token is replaced before it can be rejected; an outage then does no harm."""

    async def go() -> None:
        async with listening() as one:
            sim_clock.advance(3600 - 59)
            one.simulator.fail_next("/api/token", 503)
            await one.client.me()
            assert one.saved == []
            await one.client.me()
            assert len(one.saved) == 1
            assert len(one.simulator.requests("/v1/me")) == 2

    asyncio.run(go())


def test_a_cancelled_request_loses_no_tokens(listening: Listen, sim_clock: ManualClock) -> None:
    """When the one request that waits is cancelled, the refresh goes on and is saved."""

    async def go() -> None:
        async with listening() as one:
            sim_clock.advance(3600)
            one.simulator.delay_next("/api/token", 0.1)
            request = asyncio.create_task(one.client.me())
            while len(one.simulator.requests("/api/token")) < 2:
                await asyncio.sleep(0.005)
            request.cancel()
            with pytest.raises(asyncio.CancelledError):
                await request
            assert (await one.client.me()).id == "dana"
            assert len(one.saved) == 1
            assert len(one.simulator.requests("/api/token")) == 2

    asyncio.run(go())


def test_a_revoked_sign_in_asks_to_sign_in_again(listening: Listen) -> None:
    """When the person removed the app, calls raise NeedsReauth and nothing is saved."""

    async def go() -> None:
        async with listening() as one:
            one.simulator.revoke("dana")
            with pytest.raises(NeedsReauth):
                await one.client.me()
            assert one.saved == []

    asyncio.run(go())


def test_another_process_may_have_refreshed(listening: Listen, sim_clock: ManualClock) -> None:
    """A refresh token used up by another process is no logout where its new tokens can be read."""

    async def go() -> None:
        async with listening() as one:
            old = one.tokens.tokens
            theirs = await one.accounts.refresh(old)
            kept: list[Tokens] = []

            async def save(tokens: Tokens) -> None:
                kept.append(tokens)

            async def load() -> Tokens | None:
                return theirs

            ours: Any = SessionTokens(old, one.accounts, save, sim_clock, load)
            assert await ours.refreshed(old.access_token) == theirs.access_token

    asyncio.run(go())
