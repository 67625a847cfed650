"""What the index does when logs come and go unseen, Redis fails on the way, or somebody else had its directory."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from stored_logs import StoredLogs, entry, stored_logs

from llmlog import LogEntry, StoreUnavailable
from llmlog.query.index.copy import IndexCopy
from llmlog.query.index.follower import COMPARE_EVERY_S, IndexFollower
from llmlog.query.index.place import IndexPlace
from llmlog.query.results import SearchResult
from llmlog.store.keys import DAY_MS


class Kept(StoredLogs):
    """Stored logs, and whoever keeps their index."""

    def __init__(self, stored: StoredLogs, data_dir: Path) -> None:
        super().__init__(stored.service, stored.clock)
        self.data_dir = data_dir
        self.place = IndexPlace(data_dir)
        self.store = stored.service._reads.store
        self.redis: Any = stored.service.redis_client()

    def follower(self, store: Any = None) -> Any:
        """Another one; stopped with `close`."""
        made = IndexFollower(store or self.store, self.place, self.clock)
        return _Closing(made)

    def ids(self, query: str = "") -> list[str]:
        """All ids that are found, page by page."""
        found: list[str] = []
        cursor: str | None = None
        while True:
            answer = self.search(query, cursor)
            found += [one.id for one in answer]
            cursor = answer.coverage.next
            if cursor is None:
                return found

    def search(self, query: str = "", cursor: str | None = None) -> SearchResult:
        """One page."""
        return self.service.search_logs(query, limit=100, cursor=cursor)

    def a_minute_on(self) -> None:
        """It is time to compare again."""
        self.clock.advance(COMPARE_EVERY_S + 1)


class _Closing:
    def __init__(self, follower: IndexFollower) -> None:
        self.follower = follower

    def settle(self) -> None:
        """Until nothing is left to do."""
        while self.follower.round():
            pass

    def close(self) -> None:
        """Give the lock up."""
        self.follower.stop()


@pytest.fixture(name="logs")
def _logs(tmp_path: Path) -> Iterator[Kept]:
    with stored_logs(tmp_path) as stored:
        yield Kept(stored, tmp_path)


def jazz(logs: Kept, start: int, count: int, back_ms: int = 0) -> list[LogEntry]:
    """Logs a millisecond apart."""
    return [entry(n, logs.now_ms - back_ms - n, command="jazz") for n in range(start, start + count)]


def in_the_index(logs: Kept) -> list[str]:
    """Every id in the index, as often as it is there. Nobody may keep it now."""
    copy = IndexCopy(logs.place)
    try:
        return sorted(name for day in copy.count_by_day() for name in copy.ids_of_day(day).elements())
    finally:
        copy.close()


class Faltering:
    """A store that is away once, at a certain read of logs."""

    def __init__(self, store: Any, fails_at: int) -> None:
        self._store = store
        self._left = fails_at

    def read_logs(self, ids: list[str]) -> Any:
        """As the store's."""
        self._left -= 1
        if self._left == 0:
            raise StoreUnavailable("ConnectionError")
        return self._store.read_logs(ids)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.mark.parametrize("settled", [0, 500])
@pytest.mark.parametrize("fails_at", [1, 2, 3, 4])
def test_redis_away_in_the_middle(logs: Kept, settled: int, fails_at: int) -> None:
    """Whenever Redis fails while the index is built or goes on, nothing is in it twice, and nothing lacks."""
    if settled:
        logs.write(jazz(logs, 0, settled))
        with closing(logs.follower()) as earlier:
            earlier.settle()
    logs.write(jazz(logs, settled, 900))
    with closing(logs.follower(Faltering(logs.store, fails_at))) as keeper:
        with pytest.raises(StoreUnavailable):
            keeper.settle()
        logs.write(jazz(logs, 5000, 3))
        keeper.settle()
        assert len(logs.ids("jazz")) == settled + 903
        assert logs.search("jazz").total == settled + 903
    assert in_the_index(logs) == sorted(logs.ids("jazz"))


def trimmed(logs: Kept) -> None:
    """Redis keeps the newest few events only."""
    logs.redis.xtrim("llm:events", maxlen=3, approximate=False)


def emptied(logs: Kept) -> None:
    """Redis has no stream of events any more."""
    logs.redis.delete("llm:events")


def begun_again(logs: Kept) -> None:
    """The stream begins again, with events that are older than those before."""
    logs.redis.delete("llm:events")
    logs.redis.xadd("llm:events", {"id": "entry-000061"}, id="5-1")


@pytest.mark.parametrize("lose", [trimmed, emptied, begun_again])
def test_events_that_nobody_saw(logs: Kept, lose: Callable[[Kept], None]) -> None:
    """Where the stream does not reach back to the index, the answer says how old it is; the next one to keep it
    goes through the days, finds what came and what went, even where the counts are the same."""
    logs.write(jazz(logs, 0, 50))
    with closing(logs.follower()) as keeper:
        keeper.settle()
    logs.write(jazz(logs, 50, 12))
    for gone in range(12):
        logs.redis.delete(f"llm:log:entry-{gone:06d}")
        logs.redis.zrem(logs_day(logs), f"entry-{gone:06d}")
    lose(logs)
    stale = logs.search("jazz")
    assert stale.coverage.indexed
    assert not stale.coverage.complete
    assert stale.coverage.indexed_until is not None
    assert "newer ones follow" in stale.coverage.sentence()
    with closing(logs.follower()) as keeper:
        keeper.follower.round()
        keeper.settle()
        assert sorted(logs.ids("jazz")) == [f"entry-{n:06d}" for n in range(12, 62)]
        answer = logs.search("jazz")
        assert (answer.total, answer.coverage.complete, answer.coverage.indexed_until) == (50, True, None)


def logs_day(logs: Kept) -> str:
    """The key of today's set."""
    return f"llm:logs:{time.strftime('%Y-%m-%d', time.gmtime(logs.now_ms / 1000))}"


def test_events_lost_under_the_one_who_follows(logs: Kept) -> None:
    """A stream that is cut while the follower sleeps is noticed by it, too."""
    with closing(logs.follower()) as keeper:
        logs.write(jazz(logs, 0, 50))
        keeper.settle()
        logs.write(jazz(logs, 50, 30))
        trimmed(logs)
        keeper.settle()
        answer = logs.search("jazz")
        assert (answer.total, answer.coverage.complete) == (80, True)


def test_logs_that_are_erased(logs: Kept) -> None:
    """A log whose hash and place in its day are gone leaves the index within a minute; one without a hash, whose
    place is still there, does not hide that."""
    with closing(logs.follower()) as keeper:
        logs.write(jazz(logs, 0, 10))
        logs.redis.delete("llm:log:entry-000003")
        keeper.settle()
        assert logs.search("jazz").total == 9
        logs.redis.delete("llm:log:entry-000004")
        logs.redis.zrem(logs_day(logs), "entry-000004")
        logs.a_minute_on()
        keeper.settle()
        assert logs.search("jazz").total == 8
    assert in_the_index(logs) == [f"entry-{n:06d}" for n in (0, 1, 2, 5, 6, 7, 8, 9)]


def test_days_that_expire(logs: Kept) -> None:
    """What is older than the retention leaves the index, and what came late finds its day."""
    with closing(logs.follower()) as keeper:
        logs.write([*jazz(logs, 0, 5), *jazz(logs, 10, 5, 80 * DAY_MS)])
        keeper.settle()
        logs.write(jazz(logs, 20, 2, 80 * DAY_MS))
        keeper.settle()
        assert logs.search("jazz").total == 12
        logs.clock.advance(14 * DAY_MS / 1000)
        keeper.settle()
        assert logs.search("jazz").total == 5


def test_built_under_load(logs: Kept) -> None:
    """While logs arrive all the time the index is built, kept and put right, not only in a pause."""
    ended = threading.Event()

    def write() -> None:
        number = 10_000
        while not ended.is_set():
            logs.write([entry(number, logs.now_ms - number, command="rock")])
            number += 1
            time.sleep(0.002)

    logs.write(jazz(logs, 0, 300))
    load = threading.Thread(target=write)
    load.start()
    try:
        with closing(logs.follower()) as keeper:
            until_s = time.monotonic() + 20
            while not logs.search("jazz").coverage.indexed:
                keeper.follower.round()
                assert time.monotonic() < until_s, "the index was never whole"
            assert logs.search("jazz").total == 300
            logs.redis.zrem(logs_day(logs), "entry-000007")
            logs.a_minute_on()
            while logs.search("jazz").total != 299:
                keeper.follower.round()
                assert time.monotonic() < until_s, "the erased one never left"
    finally:
        ended.set()
        load.join()
    with closing(logs.follower()) as keeper:
        keeper.settle()
    indexed = in_the_index(logs)
    assert len(indexed) == len(set(indexed))
    assert sorted(logs.ids()) == indexed


@pytest.mark.parametrize("day", [400 * 365, 700 * 365])
def test_a_log_from_the_far_future(logs: Kept, day: int) -> None:
    """A log of the year 2400 or 2700 (a caller's clock in other units) costs the others nothing."""
    with closing(logs.follower()) as keeper:
        logs.write(jazz(logs, 0, 5))
        keeper.settle()
        logs.write([entry(9, logs.now_ms + day * DAY_MS, command="jazz")])
        logs.write(jazz(logs, 5, 5))
        keeper.settle()
        answer = logs.search("jazz")
        assert (answer.total, answer.coverage.indexed, answer.coverage.complete) == (10, True, True)


def test_numbers_without_measure(logs: Kept) -> None:
    """A number larger than the index can hold is found by what is asked of it."""
    logs.write([entry(1, logs.now_ms, turn=2**63), entry(2, logs.now_ms - 1, turn=3)])
    with closing(logs.follower()) as keeper:
        keeper.settle()
        assert logs.ids("turn:>1000") == ["entry-000001"]
        assert logs.ids("turn:<=3") == ["entry-000002"]


def test_one_keeps_it_at_a_time(logs: Kept) -> None:
    """The second one waits, and goes on where the first ended."""
    logs.write(jazz(logs, 0, 20))
    with closing(logs.follower()) as first, closing(logs.follower()) as second:
        first.settle()
        assert not second.follower.round()
        logs.write(jazz(logs, 20, 20))
        first.close()
        assert logs.search("jazz").total == 40
        second.settle()
        logs.write(jazz(logs, 40, 20))
        second.settle()
        assert logs.search("jazz").total == 60
    assert in_the_index(logs) == sorted(logs.ids("jazz"))


def without_index(logs: Kept) -> None:
    """The files are gone, what stands about them is not."""
    shutil.rmtree(logs.place.path)


def without_everything(logs: Kept) -> None:
    """The whole directory."""
    shutil.rmtree(logs.data_dir / "index")


def without_checkpoint(logs: Kept) -> None:
    """Nobody knows how far it is."""
    (logs.data_dir / "index" / "checkpoint").unlink()


def of_another_version(logs: Kept) -> None:
    """An index of an older version is in its place."""
    logs.place.path.rename(logs.place.path.with_name("v1"))
    checkpoint = logs.data_dir / "index" / "checkpoint"
    checkpoint.write_bytes(checkpoint.read_bytes().replace(b'"version":2', b'"version":1'))


@pytest.mark.parametrize("kept_meanwhile", [True, False])
@pytest.mark.parametrize("lose", [without_index, without_everything, without_checkpoint, of_another_version])
def test_files_that_are_gone(logs: Kept, lose: Callable[[Kept], None], kept_meanwhile: bool) -> None:
    """The logs are read one by one until the index is built again, and every answer has all of them."""
    logs.write(jazz(logs, 0, 40))
    first = logs.follower()
    with closing(first):
        first.settle()
        assert logs.search("jazz").coverage.indexed
        if not kept_meanwhile:
            first.close()
        lose(logs)
        answer = logs.search("jazz")
        assert [answer.coverage.indexed, answer.coverage.complete, len(answer)] == [False, True, 40]
        with closing(first if kept_meanwhile else logs.follower()) as keeper:
            logs.a_minute_on()
            keeper.settle()
            if lose is not without_checkpoint or not kept_meanwhile:
                assert logs.search("jazz").coverage.indexed
            assert sorted(logs.ids("jazz")) == [f"entry-{n:06d}" for n in range(40)]
    assert not (logs.data_dir / "index" / "v1").exists() or lose is not of_another_version


def test_stopping_in_the_middle(logs: Kept) -> None:
    """A follower that is told to stop while it builds ends within its limit; the next one finishes."""
    logs.write(jazz(logs, 0, 800))
    logs.write(jazz(logs, 800, 800))
    follower = IndexFollower(logs.store, logs.place, logs.clock)
    follower.start()
    time.sleep(0.15)
    started_s = time.monotonic()
    follower.stop()
    assert time.monotonic() - started_s < 5
    with closing(logs.follower()) as keeper:
        keeper.settle()
    assert in_the_index(logs) == sorted(logs.ids("jazz"))


def test_a_directory_that_cannot_be_read(logs: Kept) -> None:
    """Where a file stands in the index's place, searches read the logs one by one."""
    logs.write(jazz(logs, 0, 3))
    (logs.data_dir / "index").write_bytes(b"")
    assert len(logs.ids("jazz")) == 3
    os.unlink(logs.data_dir / "index")
    with closing(logs.follower()) as keeper:
        keeper.settle()
        assert logs.search("jazz").coverage.indexed


def test_the_place_of_a_log_among_new_ones(logs: Kept) -> None:
    """Totals, places and neighbours count what has just arrived, on every page."""
    logs.write(jazz(logs, 10, 10))
    with closing(logs.follower()) as keeper:
        keeper.settle()
        logs.write([*jazz(logs, 5, 2), entry(12345, logs.now_ms - 15, command="jazz")])
        finder = logs.service.finder
        query = finder.parse("jazz")
        first = finder.search(query, 4)
        second = finder.search(query, 4, first.coverage.next)
        assert (first.total, second.total) == (13, 13)
        order = logs.ids("jazz")
        for place, name in enumerate(order):
            stands = finder.neighbours(query, _entry_of(logs, name))
            assert (stands.position, stands.total) == (place + 1, 13)
            assert stands.newer == (order[place - 1] if place else None)
            assert stands.older == (order[place + 1] if place < 12 else None)


def _entry_of(logs: Kept, name: str) -> LogEntry:
    found = logs.service.get_log(name)
    assert found is not None
    return found
