"""What plays for one person: the song, what comes after it, and how far it is.

Time comes from a clock that is read at each look: between two looks songs end and the next ones start.
Invariants: `position` points into `line` while a song of it plays; a queued song plays before the line goes on.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from djforge.spotify.simulator.music.catalogue import Song
from djforge.spotify.simulator.refusals import player_refusal
from llmlog.clock import Clock

Repeat = Literal["off", "track", "context"]
MAX_HISTORY: Final = 50


@dataclass
class Heard:
    """A song that was played, to the end or not."""

    song: Song
    at_ms: int
    context_uri: str | None


@dataclass
class Line:
    """The songs of an album or list, in the order they play."""

    songs: list[Song] = field(default_factory=list)
    context_uri: str | None = None
    position: int = 0


class SimulatedPlayer:
    """One person's player. All methods may raise ApiRefusal."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self._line = Line()
        self._queue: deque[Song] = deque()
        self._history: deque[Heard] = deque(maxlen=MAX_HISTORY)
        self._song: Song | None = None
        self._playing = False
        self._progress_ms = 0.0
        self._seen_at_s = clock.monotonic_s()
        self.shuffle = False
        self.repeat: Repeat = "off"

    @property
    def song(self) -> Song | None:
        """The song that is loaded, playing or not."""
        self._catch_up()
        return self._song

    @property
    def is_playing(self) -> bool:
        """Whether it moves."""
        self._catch_up()
        return self._playing

    @property
    def progress_ms(self) -> int:
        """How far the song is."""
        self._catch_up()
        return int(self._progress_ms)

    @property
    def context_uri(self) -> str | None:
        """The album or artist that is played from."""
        return self._line.context_uri

    @property
    def queued(self) -> list[Song]:
        """The songs somebody queued, next first."""
        self._catch_up()
        return list(self._queue)

    @property
    def upcoming(self) -> list[Song]:
        """Everything that comes next: queued songs, then the rest of the line."""
        self._catch_up()
        return [*self._queue, *self._line.songs[self._line.position + 1 :]]

    @property
    def history(self) -> list[Heard]:
        """Songs heard, newest first."""
        self._catch_up()
        return list(reversed(self._history))

    def start(self, songs: Sequence[Song], context_uri: str | None, first: int, position_ms: int) -> None:
        """Play these songs, from one of them on; what was queued stays queued."""
        self._catch_up()
        self._remember()
        self._line = Line(list(songs), context_uri, first)
        if self.shuffle:
            self._shuffle_rest()
        self._load(self._line.songs[first], position_ms)
        self._catch_up()

    def resume(self) -> None:
        """Go on."""
        self._catch_up()
        if self._playing:
            raise player_refusal("NOT_PAUSED")
        if self._song is None:
            if not self._queue:
                raise player_refusal("NOT_PLAYING_TRACK")
            self._load(self._queue.popleft(), 0)
        self._playing = True

    def pause(self) -> None:
        """Stop moving."""
        self._catch_up()
        if not self._playing:
            raise player_refusal("ALREADY_PAUSED")
        self._playing = False

    def skip(self) -> None:
        """On to the next song."""
        self._catch_up()
        if not self._queue and self._following() is None:
            raise player_refusal("NO_NEXT_TRACK" if self._song is not None else "NOT_PLAYING_TRACK")
        self._remember()
        self._next()

    def back(self) -> None:
        """Back to the song before in the line."""
        self._catch_up()
        if self._song is None:
            raise player_refusal("NOT_PLAYING_TRACK")
        if self._line.position == 0:
            raise player_refusal("NO_PREV_TRACK")
        self._remember()
        self._line.position -= 1
        self._load(self._line.songs[self._line.position], 0)

    def seek(self, position_ms: int) -> None:
        """To a place in the song; past its end means the next song."""
        self._catch_up()
        if self._song is None:
            raise player_refusal("NOT_PLAYING_TRACK")
        self._progress_ms = float(position_ms)
        self._settle()

    def add(self, song: Song) -> None:
        """Queue a song."""
        self._catch_up()
        self._queue.append(song)

    def set_shuffle(self, on: bool) -> None:
        """Mix what is left of the line. Turning it off leaves the order as it is."""
        self._catch_up()
        if on and not self.shuffle:
            self._shuffle_rest()
        self.shuffle = on

    def _catch_up(self) -> None:
        """Let the time pass that passed since the last look."""
        now_s = self._clock.monotonic_s()
        passed_ms = (now_s - self._seen_at_s) * 1000
        self._seen_at_s = now_s
        if self._playing:
            self._progress_ms += passed_ms
            self._settle()

    def _settle(self) -> None:
        """Where the song is over, go on; where nothing follows, stop at its start."""
        while self._song is not None and self._progress_ms >= self._song.duration_ms:
            left_ms = self._progress_ms - self._song.duration_ms
            self._remember()
            if self.repeat == "track":
                self._progress_ms = left_ms
            elif self._queue or self._following() is not None:
                self._next()
                self._progress_ms = left_ms
            else:
                self._playing, self._progress_ms = False, 0.0

    def _next(self) -> None:
        if self._queue:
            self._load(self._queue.popleft(), 0)
            return
        following = self._following()
        if following is not None:
            self._line.position = following
            self._load(self._line.songs[following], 0)

    def _following(self) -> int | None:
        """Where the line goes on; None at its end."""
        if self._line.position + 1 < len(self._line.songs):
            return self._line.position + 1
        return 0 if self.repeat == "context" and self._line.songs else None

    def _load(self, song: Song, position_ms: int) -> None:
        self._song = song
        self._playing = True
        self._progress_ms = float(position_ms)

    def _remember(self) -> None:
        if self._song is not None and self._progress_ms > 0:
            self._history.append(Heard(self._song, self._clock.now_ms(), self._line.context_uri))

    def _shuffle_rest(self) -> None:
        rest = self._line.songs[self._line.position + 1 :]
        self._rng.shuffle(rest)
        self._line.songs[self._line.position + 1 :] = rest
