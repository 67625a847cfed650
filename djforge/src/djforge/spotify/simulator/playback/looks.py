"""Reading the player: state, current song, devices, queue, history."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from djforge.spotify.simulator.door import Visit
from djforge.spotify.simulator.playback.player import Heard
from llmlog.clock import Clock

MAX_QUEUE_SHOWN = 20


class Looks:
    """The GET side of the player."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def state(self, visit: Visit) -> object:
        """A CurrentlyPlayingContextObject; 204 when no device is active."""
        device = visit.account.shelf.active
        if device is None:
            return None
        player = visit.account.player
        return {
            "device": device.shape(),
            "repeat_state": player.repeat,
            "shuffle_state": player.shuffle,
            **self._playing(visit),
        }

    def current(self, visit: Visit) -> object:
        """A CurrentlyPlayingObject; 204 when nothing is loaded."""
        if visit.account.shelf.active is None or visit.account.player.song is None:
            return None
        return self._playing(visit)

    def devices(self, visit: Visit) -> object:
        """All devices."""
        return {"devices": [device.shape() for device in visit.account.shelf.devices]}

    def queue(self, visit: Visit) -> object:
        """A QueueObject."""
        player = visit.account.player
        song = player.song if visit.account.shelf.active is not None else None
        return {
            "currently_playing": None if song is None else visit.shapes.track(song),
            "queue": [visit.shapes.track(song) for song in player.upcoming[:MAX_QUEUE_SHOWN]],
        }

    def recent(self, visit: Visit) -> object:
        """A CursorPagingPlayHistoryObject."""
        limit = visit.whole_number("limit", 20, 1, 50)
        heard = visit.account.player.history
        after, before = visit.query("after"), visit.query("before")
        if after is not None:
            least_ms = visit.whole_number("after", None, 0, 10**13)
            heard = [entry for entry in heard if entry.at_ms > least_ms]
        elif before is not None:
            most_ms = visit.whole_number("before", None, 0, 10**13)
            heard = [entry for entry in heard if entry.at_ms < most_ms]
        shown = heard[:limit]
        address = str(visit.request.url.replace(query=""))
        more = len(heard) > limit
        return {
            "href": f"{address}?limit={limit}",
            "items": [_history_shape(visit, entry) for entry in shown],
            "limit": limit,
            "next": f"{address}?before={shown[-1].at_ms}&limit={limit}" if more else None,
            "cursors": {"after": str(shown[0].at_ms), "before": str(shown[-1].at_ms)} if shown else None,
        }

    def _playing(self, visit: Visit) -> dict[str, Any]:
        player = visit.account.player
        song, context_uri = player.song, player.context_uri
        return {
            "actions": {"disallows": {"pausing" if not player.is_playing else "resuming": True}},
            "context": None if context_uri is None else visit.shapes.context(context_uri),
            "currently_playing_type": "unknown" if song is None else "track",
            "is_playing": player.is_playing,
            "item": None if song is None else visit.shapes.track(song),
            "progress_ms": player.progress_ms,
            "timestamp": self._clock.now_ms(),
        }


def _history_shape(visit: Visit, heard: Heard) -> dict[str, Any]:
    at = datetime.fromtimestamp(heard.at_ms / 1000, tz=UTC)
    context_uri = heard.context_uri
    return {
        "track": visit.shapes.track(heard.song),
        "played_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "context": None if context_uri is None else visit.shapes.context(context_uri),
    }
