"""The simulated player: time passes, songs end, the queue goes first."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djforge.spotify.simulator.music.catalogue import Song, load_catalogue
from djforge.spotify.simulator.playback.player import SimulatedPlayer
from djforge.spotify.simulator.refusals import ApiRefusal
from llmlog.clock import ManualClock

SONGS = load_catalogue().songs[:6]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def player(clock: ManualClock) -> SimulatedPlayer:
    return SimulatedPlayer(clock, random.Random(1))


def start(player: SimulatedPlayer, *songs: Song) -> None:
    player.start(songs, None, 0, 0)


def reason_of(command: Callable[[], None]) -> str | None:
    with pytest.raises(ApiRefusal) as refusal:
        command()
    return refusal.value.reason


def test_time_moves_the_song(player: SimulatedPlayer, clock: ManualClock) -> None:
    """A playing song advances with the clock, a paused one does not."""
    start(player, SONGS[0])
    clock.advance(10)
    assert player.progress_ms == 10_000
    player.pause()
    clock.advance(10)
    assert player.progress_ms == 10_000


def test_queued_songs_play_before_the_line_goes_on(player: SimulatedPlayer, clock: ManualClock) -> None:
    """When a song ends, the queued one plays, then the rest of the album."""
    start(player, SONGS[0], SONGS[1])
    player.add(SONGS[2])
    clock.advance(SONGS[0].duration_ms / 1000 + 1)
    assert (player.song, player.progress_ms, player.queued) == (SONGS[2], 1000, [])
    clock.advance(SONGS[2].duration_ms / 1000)
    assert player.song == SONGS[1]


def test_the_end_stops_the_music(player: SimulatedPlayer, clock: ManualClock) -> None:
    """After the last song nothing plays, and what was heard is remembered newest first."""
    start(player, SONGS[0], SONGS[1])
    clock.advance(100_000)
    assert not player.is_playing
    assert [heard.song for heard in player.history] == [SONGS[1], SONGS[0]]


def test_repeat(player: SimulatedPlayer, clock: ManualClock) -> None:
    """Repeating a song keeps it, repeating the line begins it again."""
    start(player, SONGS[0], SONGS[1])
    player.repeat = "track"
    clock.advance(SONGS[0].duration_ms / 1000 * 3 + 2)
    assert (player.song, player.progress_ms) == (SONGS[0], 2000)
    player.repeat = "context"
    player.skip()
    player.skip()
    assert player.song == SONGS[0]


def test_refusals(player: SimulatedPlayer) -> None:
    """What cannot be done is refused with Spotify's reason codes."""
    assert reason_of(player.resume) == "NOT_PLAYING_TRACK"
    assert reason_of(player.skip) == "NOT_PLAYING_TRACK"
    assert reason_of(player.back) == "NOT_PLAYING_TRACK"
    assert reason_of(player.pause) == "ALREADY_PAUSED"
    start(player, SONGS[0])
    assert reason_of(player.resume) == "NOT_PAUSED"
    assert reason_of(player.skip) == "NO_NEXT_TRACK"
    assert reason_of(player.back) == "NO_PREV_TRACK"


def test_shuffle_keeps_every_song(player: SimulatedPlayer) -> None:
    """Mixing changes the order of what comes, and loses nothing."""
    start(player, *SONGS)
    player.set_shuffle(True)
    assert player.song == SONGS[0]
    assert sorted(song.uri for song in player.upcoming) == sorted(song.uri for song in SONGS[1:])


@given(
    st.lists(
        st.sampled_from(["start", "resume", "pause", "skip", "back", "add", "wait", "seek", "shuffle", "repeat"]),
        max_size=40,
    )
)
def test_no_order_of_commands_breaks_the_player(commands: list[str]) -> None:
    """After any commands the progress lies within the song, and only a loaded song plays."""
    clock = ManualClock()
    player = SimulatedPlayer(clock, random.Random(3))
    doing: dict[str, Callable[[], None]] = {
        "start": lambda: player.start(SONGS[:3], None, 1, 5000),
        "resume": player.resume,
        "pause": player.pause,
        "skip": player.skip,
        "back": player.back,
        "add": lambda: player.add(SONGS[4]),
        "wait": lambda: clock.advance(200),
        "seek": lambda: player.seek(300_000),
        "shuffle": lambda: player.set_shuffle(True),
        "repeat": lambda: setattr(player, "repeat", "context"),
    }
    for command in commands:
        try:
            doing[command]()
        except ApiRefusal:
            pass
        song = player.song
        assert (song is not None) or not player.is_playing
        assert song is None or 0 <= player.progress_ms < song.duration_ms
