"""The client over HTTP: what each call does, and how each failure comes out."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import httpx2
import pytest
from spotify_listening import Listen

from djforge.spotify import SpotifyClient
from djforge.spotify.errors import (
    Forbidden,
    InvalidRequest,
    NoActiveDevice,
    NotFound,
    PlayerRefused,
    PremiumRequired,
    QuotaExceeded,
    RateLimited,
    SpotifyError,
    Upstream,
)
from djforge.spotify.simulator import RunningSimulator
from llmlog.clock import ManualClock

KARMA_POLICE = 'artist:"Radiohead" track:"Karma Police"'


async def uri_of(client: SpotifyClient, query: str) -> str:
    return (await client.search_tracks(query, 1))[0].uri


def test_who_am_i(listening: Listen) -> None:
    """The profile carries both names Spotify has for a person."""

    async def go() -> None:
        async with listening("lee") as one:
            profile = await one.client.me()
            assert (profile.id, profile.display_name) == ("lee", "Lee Listener")
            assert profile.account_id and profile.account_id != "lee"

    asyncio.run(go())


def test_playing_from_start_to_end(listening: Listen) -> None:
    """Play, queue, pause, resume, skip, seek, volume, shuffle and repeat show in the state Spotify tells."""

    async def go() -> None:
        async with listening() as one:
            client = one.client
            first, second = await uri_of(client, KARMA_POLICE), await uri_of(client, "hoppipolla")
            await client.play(uris=[first], position_ms=3000)
            await client.add_to_queue(second)
            state = await client.playback()
            assert state is not None and state.track is not None
            assert (state.is_playing, state.track.uri, state.progress_ms) == (True, first, 3000)
            assert [item.uri for item in (await client.queue()).queue] == [second]
            await client.pause()
            await client.play()
            await client.next()
            await client.seek(60_000)
            await client.set_volume(0)
            await client.set_shuffle(True)
            await client.set_repeat("context")
            state = await client.playback()
            assert state is not None and state.track is not None and state.device is not None
            assert (state.track.name, state.progress_ms) == ("Hoppípolla", 60_000)
            assert (state.device.volume_percent, state.shuffle_state, state.repeat_state) == (0, True, "context")
            assert [played.track.uri for played in await client.recently_played()] == [first]

    asyncio.run(go())


def test_albums_play_in_order(listening: Listen) -> None:
    """An album plays as a context; previous goes back in it."""

    async def go() -> None:
        async with listening() as one:
            (track,) = await one.client.search_tracks('album:"Kind of Blue" track:"So What"')
            assert track.album is not None
            await one.client.play(context_uri=track.album.uri)
            await one.client.next()
            await one.client.previous()
            state = await one.client.playback()
            assert state is not None and state.track is not None and state.context is not None
            assert (state.track.name, state.context.uri) == ("So What", track.album.uri)

    asyncio.run(go())


def test_history_is_paged(listening: Listen, sim_clock: ManualClock) -> None:
    """Songs heard come newest first, and the address of the next page leads to the older ones."""

    async def go() -> None:
        async with listening() as one:
            tracks = await one.client.search_tracks('artist:"Radiohead"', 3)
            for track in tracks:
                await one.client.play(uris=[track.uri])
                sim_clock.advance(5)
            await one.client.play(uris=[tracks[0].uri])
            newest = await one.client.recently_played(2)
            assert [played.track.uri for played in newest] == [tracks[2].uri, tracks[1].uri]
            page = await one.recent("?limit=2")
            older = await one.recent("?" + page["next"].split("?")[1])
            assert [item["track"]["uri"] for item in older["items"]] == [tracks[0].uri]
            assert older["next"] is None
            assert [item["track"]["uri"] for item in (await one.recent("?after=1&limit=1"))["items"]] == [
                tracks[2].uri
            ]

    asyncio.run(go())


def test_moving_to_another_device(listening: Listen) -> None:
    """Transfer makes the device the active one."""

    async def go() -> None:
        async with listening() as one:
            phone = next(device for device in await one.client.devices() if device.name == "Phone")
            assert phone.id is not None
            await one.client.transfer(phone.id, play=True)
            assert [device.name for device in await one.client.devices() if device.is_active] == ["Phone"]

    asyncio.run(go())


def test_nothing_active_is_no_state(listening: Listen) -> None:
    """Without an active device the state is None (Spotify's 204)."""

    async def go() -> None:
        async with listening() as one:
            one.simulator.idle_devices("dana")
            assert await one.client.playback() is None

    asyncio.run(go())


def test_search_takes_ten_at_most(listening: Listen) -> None:
    """Up to ten hits come, more are refused; the second page goes on where the first ended."""

    async def go() -> None:
        async with listening() as one:
            page = await one.client.search_tracks("rock", 10)
            assert len(page) == 10
            assert not {track.uri for track in page} & {
                track.uri for track in await one.client.search_tracks("rock", 10, offset=10)
            }
            for limit in (0, 11):
                with pytest.raises(InvalidRequest) as refusal:
                    await one.client.search_tracks("rock", limit)
                assert refusal.value.detail == "Invalid limit"

    asyncio.run(go())


def test_people_are_apart(listening: Listen) -> None:
    """What one person plays is not what another one hears."""

    async def go() -> None:
        async with listening("dana") as dana, listening("lee") as lee:
            await dana.client.play(uris=[await uri_of(dana.client, KARMA_POLICE)])
            state = await lee.client.playback()
            assert state is not None and state.item is None and not state.is_playing

    asyncio.run(go())


REFUSED: list[tuple[str, Callable[[SpotifyClient], Awaitable[object]], type[SpotifyError], str | None]] = [
    ("idle", lambda client: client.play(uris=["spotify:track:ER3NirPJ2IFibmX0HLiAJY"]), NoActiveDevice, None),
    ("idle", lambda client: client.pause(), NoActiveDevice, None),
    ("idle", lambda client: client.set_volume(10), NoActiveDevice, None),
    ("free", lambda client: client.next(), PremiumRequired, None),
    ("free", lambda client: client.add_to_queue("spotify:track:ER3NirPJ2IFibmX0HLiAJY"), PremiumRequired, None),
    ("", lambda client: client.pause(), PlayerRefused, "ALREADY_PAUSED"),
    ("", lambda client: client.play(), PlayerRefused, "NOT_PLAYING_TRACK"),
    ("", lambda client: client.transfer("no-such-device"), NotFound, None),
    ("", lambda client: client.play(uris=["spotify:track:" + "0" * 22]), PlayerRefused, "NO_SPECIFIC_TRACK"),
    ("", lambda client: client.play(uris=["spotify:track:nonsense"]), InvalidRequest, None),
    ("", lambda client: client.play(context_uri="spotify:album:" + "0" * 22), NotFound, None),
    ("", lambda client: client.set_volume(101), InvalidRequest, None),
    ("restricted", lambda client: client.pause(), PlayerRefused, "DEVICE_NOT_CONTROLLABLE"),
    ("fixed volume", lambda client: client.set_volume(10), PlayerRefused, "VOLUME_CONTROL_DISALLOW"),
]


@pytest.mark.parametrize(("state", "call", "kind", "reason"), REFUSED)
def test_refusals_come_out_as_what_they_are(
    listening: Listen,
    state: str,
    call: Callable[[SpotifyClient], Awaitable[object]],
    kind: type[SpotifyError],
    reason: str | None,
) -> None:
    """Each refusal of the player becomes its own error, with the reason code where there is one."""

    async def go() -> None:
        async with listening() as one:
            if state == "idle":
                one.simulator.idle_devices("dana")
            elif state == "free":
                one.simulator.set_product("dana", "free")
            elif state == "restricted":
                one.simulator.devices_of("dana")[0].is_restricted = True
            elif state == "fixed volume":
                one.simulator.devices_of("dana")[0].supports_volume = False
            with pytest.raises(kind) as refusal:
                await call(one.client)
            assert getattr(refusal.value, "reason", None) == reason

    asyncio.run(go())


def test_missing_scope_is_forbidden(listening: Listen) -> None:
    """What the person did not agree to is refused as such."""

    async def go() -> None:
        async with listening(scopes=("user-read-playback-state",)) as one:
            await one.client.devices()
            with pytest.raises(Forbidden):
                await one.client.pause()

    asyncio.run(go())


def test_rate_limit_and_quota(listening: Listen) -> None:
    """A 429 with a wait and a 429 of the quota are told apart, and neither is tried again."""

    async def go() -> None:
        async with listening() as one:
            one.simulator.fail_next("/v1/search", 429, retry_after_s=17)
            with pytest.raises(RateLimited) as limited:
                await one.client.search_tracks("halo")
            assert limited.value.retry_after_s == 17
            one.simulator.fail_next("/v1/search", 429, "QUOTA_EXCEEDED")
            with pytest.raises(QuotaExceeded):
                await one.client.search_tracks("halo")
            assert len(one.simulator.requests("/v1/search")) == 2

    asyncio.run(go())


def test_server_errors_are_not_tried_again(listening: Listen) -> None:
    """A 5xx is told after one request; skipping twice by accident would be worse."""

    async def go() -> None:
        async with listening() as one:
            one.simulator.fail_next("/v1/me/player/next", 502)
            with pytest.raises(Upstream) as failure:
                await one.client.next()
            assert failure.value.status == 502
            assert len(one.simulator.requests("/v1/me/player/next")) == 1

    asyncio.run(go())


@pytest.mark.parametrize(
    "body", [b"", b"<html>busy</html>", b"[]", b"{}", b'{"tracks": {"items": [{"id": 1}]}}', b"\xff"]
)
def test_answers_that_make_no_sense_are_upstream(listening: Listen, body: bytes) -> None:
    """Whatever a good status brings, it is songs or Upstream."""

    async def go() -> None:
        async with listening() as one:
            one.simulator.answer_next("/v1/search", body)
            with pytest.raises(Upstream):
                await one.client.search_tracks("halo")

    asyncio.run(go())


def test_holes_in_lists_are_skipped(listening: Listen) -> None:
    """Null entries, as Spotify sometimes sends them, are left out."""

    async def go() -> None:
        async with listening() as one:
            one.simulator.answer_next("/v1/search", b'{"tracks": {"items": [null, {"uri": "u", "name": "n"}]}}')
            assert [track.name for track in await one.client.search_tracks("x")] == ["n"]
            one.simulator.answer_next("/v1/me/player/queue", b'{"currently_playing": null, "queue": [null]}')
            assert (await one.client.queue()).queue == []

    asyncio.run(go())


def test_no_call_waits_longer_than_it_may(listening: Listen) -> None:
    """A server that does not answer in time is Upstream."""

    async def go() -> None:
        async with listening(timeout_s=0.5) as one:
            one.simulator.delay_next("/v1/me", 5.0)
            started_s = asyncio.get_running_loop().time()
            with pytest.raises(Upstream):
                await one.client.me()
            assert asyncio.get_running_loop().time() - started_s < 3

    asyncio.run(go())


def test_no_server_is_upstream(listening: Listen) -> None:
    """A refused connection is Upstream."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    async def go() -> None:
        async with listening() as one, httpx2.AsyncClient(trust_env=False) as http:
            client = SpotifyClient(http, f"http://127.0.0.1:{port}/v1", one.tokens)
            with pytest.raises(Upstream):
                await client.me()

    asyncio.run(go())


def test_a_running_simulator_stops_with_connections_open(simulated_spotify: RunningSimulator) -> None:
    """Leaving the context frees the address within two seconds, although a client still holds a connection."""

    async def go() -> None:
        async with httpx2.AsyncClient(trust_env=False) as http:
            answer = await http.get(f"{simulated_spotify.api_url}/me")
            assert answer.json() == {"error": {"status": 401, "message": "No token provided"}}
            started_s = asyncio.get_running_loop().time()
            await asyncio.to_thread(simulated_spotify.__exit__, None, None, None)
            assert asyncio.get_running_loop().time() - started_s < 2
            with pytest.raises(httpx2.TransportError):
                await http.get(f"{simulated_spotify.api_url}/me")

    asyncio.run(go())
