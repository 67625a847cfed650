"""Every intent over the simulator: what the person is told and what happened on Spotify are the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, get_args

import msgspec
import pytest
from spotify_listening import Listen

from djforge.interpreter.intents import Intent, IntentName, Song
from djforge.player.player import ACTIONS
from djforge.spotify.errors import NeedsReauth


def intent(name: IntentName, **fields: Any) -> Intent:
    return Intent(intent=name, confidence=0.9, **fields)


def song_intent(name: IntentName = "play_specific_song", artist: str = "Radiohead", track: str = "Creep") -> Intent:
    return intent(name, artist=artist, track=track)


def test_play_a_song(listening: Listen) -> None:
    """The named song plays, and the person is told so; other hits are offered."""

    async def go() -> None:
        async with listening() as one:
            outcome = await one.player.perform(song_intent(artist="beyonce", track="halo"))
            assert (outcome.success, outcome.message) == (True, "Playing “Halo” by Beyoncé.")
            assert outcome.match == "exact"
            playing = one.simulator.player_of("dana")
            assert playing.is_playing and playing.song is not None and playing.song.title == "Halo"

    asyncio.run(go())


def test_a_wrong_album_does_not_hide_the_song(listening: Listen) -> None:
    """Where the album does not fit, artist and title decide."""

    async def go() -> None:
        async with listening() as one:
            outcome = await one.player.perform(
                intent("play_specific_song", artist="Radiohead", track="Creep", album="Kid A")
            )
            assert (outcome.message, outcome.match) == ("Playing “Creep” by Radiohead.", "exact")
            assert len(one.simulator.requests("/v1/search")) == 2

    asyncio.run(go())


def test_the_nearest_match_is_called_that(listening: Listen) -> None:
    """A song by another artist plays, and the person is told that it is not what they named."""

    async def go() -> None:
        async with listening() as one:
            outcome = await one.player.perform(song_intent(artist="Coldplay", track="Hallelujah"))
            assert outcome.success and outcome.match == "nearest"
            assert outcome.message.startswith(
                "I could not find “Hallelujah” by Coldplay. Playing the nearest match: "
            )

    asyncio.run(go())


def test_an_artist_alone_plays_something_of_theirs(listening: Listen) -> None:
    """With only an artist named, a song of theirs plays, and the rest is offered."""

    async def go() -> None:
        async with listening() as one:
            outcome = await one.player.perform(intent("play_specific_song", artist="Sigur Rós"))
            assert outcome.track is not None and outcome.track.artist_names == "Sigur Rós"
            assert outcome.match == "exact"
            assert outcome.alternatives and all("Sigur Rós - " in other for other in outcome.alternatives)

    asyncio.run(go())


def test_a_song_that_does_not_exist(listening: Listen) -> None:
    """Nothing changes and the person is told what was not found."""

    async def go() -> None:
        async with listening() as one:
            outcome = await one.player.perform(song_intent(artist="Zzyzx", track="Qwertzuiop"))
            assert (outcome.success, outcome.error_type) == (False, "song_not_found")
            assert outcome.message == "I could not find “Qwertzuiop” by Zzyzx on Spotify."
            assert one.simulator.player_of("dana").song is None

    asyncio.run(go())


def test_queue_a_song(listening: Listen) -> None:
    """The song is next, and what plays goes on."""

    async def go() -> None:
        async with listening() as one:
            await one.player.perform(song_intent())
            outcome = await one.player.perform(song_intent("queue_specific_song", "Miles Davis", "So What"))
            assert outcome.message == "Queued “So What” by Miles Davis."
            playing = one.simulator.player_of("dana")
            assert playing.song is not None and playing.song.title == "Creep"
            assert [song.title for song in playing.queued] == ["So What"]

    asyncio.run(go())


def test_queue_several_songs(listening: Listen) -> None:
    """Songs are queued in their order; what was not found is told, and it is still a success."""

    async def go() -> None:
        async with listening() as one:
            songs = [
                Song(artist="Björk", track="Jóga"),
                Song(artist="Zzyzx", track="Qwertzuiop"),
                Song(artist="Ali Farka Touré", track="Ai Du"),
            ]
            outcome = await one.player.perform(intent("queue_multiple_songs", songs=songs, theme="far away"))
            assert outcome.success
            assert outcome.message == (
                "Queued 2 songs (far away): “Jóga” by Björk and “Ai Du” by Ali Farka Touré. "
                "Not queued: “Qwertzuiop” by Zzyzx."
            )
            assert [failure.error_type for failure in outcome.failures] == ["song_not_found"]
            assert [song.title for song in one.simulator.player_of("dana").queued] == ["Jóga", "Ai Du"]

    asyncio.run(go())


def test_queueing_stops_where_spotify_does(listening: Listen) -> None:
    """A rate limit in the middle keeps what was queued and reports the rest, without asking on."""

    async def go() -> None:
        async with listening() as one:
            searches: list[str] = []

            @contextmanager
            def step(name: str, detail: dict[str, Any] | None = None) -> Iterator[None]:
                searches.extend([name] if name == "spotify search" else [])
                if len(searches) == 2 and name == "spotify queue":
                    one.simulator.fail_next("/v1/me/player/queue", 429, retry_after_s=5)
                yield

            songs = [Song(artist="Radiohead", track=track) for track in ("Creep", "Nude", "Let Down")]
            outcome = await one.player.perform(intent("queue_multiple_songs", songs=songs), step)
            assert outcome.success
            assert [track.name for track in outcome.queued] == ["Creep"]
            assert [failure.error_type for failure in outcome.failures] == ["rate_limited"] * 2
            assert len(searches) == 2

    asyncio.run(go())


def test_queueing_that_cannot_begin(listening: Listen) -> None:
    """Where the first song already fails for a reason that holds for all, that reason is the answer."""

    async def go() -> None:
        async with listening() as one:
            one.simulator.fail_next("/v1/me/player/queue", 429, retry_after_s=5)
            songs = [Song(artist="Radiohead", track=track) for track in ("Creep", "Nude")]
            outcome = await one.player.perform(intent("queue_multiple_songs", songs=songs))
            assert (outcome.success, outcome.error_type) == (False, "rate_limited")
            assert outcome.message == "Spotify is getting too many requests. Try again in 5 seconds."

    asyncio.run(go())


def test_queueing_nothing_that_exists(listening: Listen) -> None:
    """Not one song found is a failure."""

    async def go() -> None:
        async with listening() as one:
            outcome = await one.player.perform(
                intent("queue_multiple_songs", songs=[Song(artist="Zzyzx", track="Qwertzuiop")])
            )
            assert (outcome.success, outcome.error_type) == (False, "song_not_found")
            assert outcome.message == "I could not queue that song. Not queued: “Qwertzuiop” by Zzyzx."

    asyncio.run(go())


def test_pause_and_go_on(listening: Listen) -> None:
    """Pausing and going on change the player; doing either twice is no failure."""

    async def go() -> None:
        async with listening() as one:
            await one.player.perform(song_intent())
            told = [(await one.player.perform(intent(name))) for name in ("pause", "pause", "play", "play")]
            assert [outcome.success for outcome in told] == [True] * 4
            assert [outcome.message for outcome in told] == [
                "Paused.",
                "The music is already paused.",
                "Playing “Creep” by Radiohead.",
                "Already playing: “Creep” by Radiohead.",
            ]
            assert one.simulator.player_of("dana").is_playing

    asyncio.run(go())


def test_going_on_with_nothing_is_refused(listening: Listen) -> None:
    """Nothing to go on with is told as that."""

    async def go() -> None:
        async with listening() as one:
            outcome = await one.player.perform(intent("play"))
            assert (outcome.success, outcome.reason) == (False, "NOT_PLAYING_TRACK")
            assert outcome.message == "Nothing is loaded to play. Name a song first."

    asyncio.run(go())


def test_skip_and_previous(listening: Listen) -> None:
    """Moving tells the song that plays then; at the ends it says why not."""

    async def go() -> None:
        async with listening() as one:
            (track,) = await one.client.search_tracks('album:"OK Computer" track:"Karma Police"')
            assert track.album is not None
            await one.player.play_uri(str(track.album.uri), "OK Computer")
            skipped = await one.player.perform(intent("skip"))
            assert skipped.message == "Skipped to “No Surprises” by Radiohead."
            back = await one.player.perform(intent("previous"))
            assert back.message == "Went back to “Karma Police” by Radiohead."
            refused = await one.player.perform(intent("previous"))
            assert (refused.success, refused.reason) == (False, "NO_PREV_TRACK")
            assert refused.message == "There is no previous song."

    asyncio.run(go())


@pytest.mark.parametrize(
    ("fields", "percent", "message"),
    [
        ({"volume_level": 30}, 30, "Volume set to 30 %."),
        ({"volume_level": 0}, 0, "Muted."),
        ({"volume_level": 150}, 100, "Volume set to 100 %."),
        ({"volume_change": 10}, 75, "Volume set to 75 %."),
        ({"volume_change": -10}, 55, "Volume set to 55 %."),
        ({"volume_change": -100}, 0, "Muted."),
        ({"volume_change": 50}, 100, "Volume set to 100 %."),
    ],
)
def test_volume(listening: Listen, fields: dict[str, int], percent: int, message: str) -> None:
    """Absolute and relative volumes reach the device, within 0 and 100; 0 counts."""

    async def go() -> None:
        async with listening() as one:
            outcome = await one.player.perform(intent("set_volume", **fields))
            assert (outcome.success, outcome.message, outcome.volume_percent) == (True, message, percent)
            active = one.simulator.active_device_of("dana")
            assert active is not None and active.volume_percent == percent

    asyncio.run(go())


@pytest.mark.parametrize("fields", [{"volume_level": 30}, {"volume_change": 10}])
def test_a_device_without_volume_says_so(listening: Listen, fields: dict[str, int]) -> None:
    """Where the device has no volume, that is what the person hears, and nothing changes."""

    async def go() -> None:
        async with listening() as one:
            one.simulator.devices_of("dana")[0].supports_volume = False
            outcome = await one.player.perform(intent("set_volume", **fields))
            assert (outcome.success, outcome.reason) == (False, "VOLUME_CONTROL_DISALLOW")
            assert "does not let its volume be changed" in outcome.message

    asyncio.run(go())


def test_what_is_playing(listening: Listen) -> None:
    """Nothing, playing and paused are told apart, with the place in the song."""

    async def go() -> None:
        async with listening() as one:
            assert (await one.player.perform(intent("get_current_track"))).message == "Nothing is playing."
            await one.player.perform(song_intent(track="Karma Police"))
            await one.client.seek(72_000)
            outcome = await one.player.perform(intent("get_current_track"))
            assert outcome.message == "Playing: “Karma Police” by Radiohead, from OK Computer (1:12 of 4:24)."
            await one.player.perform(intent("pause"))
            assert (await one.player.perform(intent("get_current_track"))).message.startswith("Paused: ")

    asyncio.run(go())


def test_search_plays_nothing(listening: Listen) -> None:
    """Up to ten songs are shown and the player stays as it is."""

    async def go() -> None:
        async with listening() as one:
            outcome = await one.player.perform(intent("search", query="radiohead"))
            assert (outcome.success, outcome.message) == (True, "Found 10 songs for “radiohead”.")
            assert len(outcome.tracks) == 10
            nothing = await one.player.perform(intent("search", query="qwertzuiop"))
            assert (nothing.success, nothing.message) == (False, "I found nothing for “qwertzuiop”.")
            assert one.simulator.player_of("dana").song is None

    asyncio.run(go())


def test_an_open_device_is_woken(listening: Listen) -> None:
    """With no device active, the first one that takes commands is used, and named."""

    async def go() -> None:
        async with listening() as one:
            one.simulator.idle_devices("dana")
            one.simulator.devices_of("dana")[0].is_restricted = True
            outcome = await one.player.perform(song_intent())
            assert (outcome.success, outcome.message) == (True, "Playing “Creep” by Radiohead on Phone.")
            active = one.simulator.active_device_of("dana")
            assert active is not None and active.name == "Phone"
            one.simulator.idle_devices("dana")
            queued = await one.player.perform(song_intent("queue_specific_song", track="Nude"))
            assert queued.device_name == "Phone"

    asyncio.run(go())


@pytest.mark.parametrize(
    "asked",
    [
        song_intent(),
        song_intent("queue_specific_song"),
        intent("queue_multiple_songs", songs=[Song(artist="Radiohead", track="Creep")]),
        intent("play"),
        intent("pause"),
        intent("skip"),
        intent("previous"),
        intent("set_volume", volume_level=10),
        intent("set_volume", volume_change=10),
    ],
    ids=lambda asked: asked.intent,
)
def test_no_device_at_all(listening: Listen, asked: Intent) -> None:
    """Where nothing is open, every command tells the person to open Spotify."""

    async def go() -> None:
        async with listening() as one:
            one.simulator.switch_off_devices("dana")
            outcome = await one.player.perform(asked)
            assert (outcome.success, outcome.error_type) == (False, "no_active_device")
            assert outcome.message == "Open Spotify on a phone or computer, then try again."

    asyncio.run(go())


@pytest.mark.parametrize(
    ("status", "reason", "error_type"),
    [
        (429, None, "rate_limited"),
        (429, "QUOTA_EXCEEDED", "quota_exceeded"),
        (403, "PREMIUM_REQUIRED", "premium_required"),
        (403, None, "forbidden"),
        (403, "CONTEXT_DISALLOW", "player_refused"),
        (503, None, "upstream"),
    ],
)
def test_every_refusal_is_a_sentence(listening: Listen, status: int, reason: str | None, error_type: str) -> None:
    """What Spotify refuses becomes an outcome with a short name and a sentence."""

    async def go() -> None:
        async with listening() as one:
            one.simulator.fail_next("/v1/me/player/play", status, reason, retry_after_s=4)
            outcome = await one.player.perform(song_intent())
            assert (outcome.success, outcome.error_type) == (False, error_type)
            assert outcome.message.endswith(".")

    asyncio.run(go())


def test_a_lost_sign_in_is_raised(listening: Listen) -> None:
    """Only the end of a sign-in gets past the player."""

    async def go() -> None:
        async with listening() as one:
            one.simulator.revoke("dana")
            for asked in (song_intent(), intent("skip"), intent("play"), intent("search", query="x")):
                with pytest.raises(NeedsReauth):
                    await one.player.perform(asked)

    asyncio.run(go())


def test_each_call_is_a_step(listening: Listen) -> None:
    """The caller sees every call to Spotify as a step, failed ones too, with what was asked."""
    steps: list[tuple[str, dict[str, Any] | None]] = []

    @contextmanager
    def step(name: str, detail: dict[str, Any] | None = None) -> Iterator[None]:
        try:
            yield
        finally:
            steps.append((name, detail))

    async def go() -> None:
        async with listening() as one:
            one.simulator.idle_devices("dana")
            await one.player.perform(song_intent(), step)

    asyncio.run(go())
    assert [name for name, _ in steps] == [
        "spotify search",
        "spotify play",
        "spotify devices",
        "spotify transfer",
        "spotify play",
    ]
    assert steps[0][1] == {"query": 'artist:"Radiohead" track:"Creep"', "found": 1}


def test_playing_and_queueing_by_uri(listening: Listen) -> None:
    """A track's URI plays or queues that track; an unknown one is refused in words."""

    async def go() -> None:
        async with listening() as one:
            (track,) = await one.client.search_tracks('artist:"Björk" track:"Jóga"')
            assert (await one.player.play_uri(track.uri, "Jóga")).message == "Playing “Jóga”."
            assert (await one.player.queue_uri(track.uri)).message == "Queued."
            refused = await one.player.play_uri("spotify:track:" + "0" * 22)
            assert (refused.success, refused.reason) == (False, "NO_SPECIFIC_TRACK")

    asyncio.run(go())


def test_intents_without_an_action(listening: Listen) -> None:
    """What is not about the player is not done, and every other intent has its action."""
    spoken = {"chat", "clarification_mode", "unknown"}
    assert set(get_args(IntentName)) == set(ACTIONS) | spoken

    async def go() -> None:
        async with listening() as one:
            assert (await one.player.perform(intent("unknown"))).error_type == "unsupported_intent"

    asyncio.run(go())


def test_outcomes_can_be_sent(listening: Listen) -> None:
    """An outcome encodes to camelCase JSON, its track included."""

    async def go() -> bytes:
        async with listening() as one:
            return msgspec.json.encode(await one.player.perform(song_intent()))

    told = msgspec.json.decode(asyncio.run(go()))
    assert (told["success"], told["track"]["name"]) == (True, "Creep")
