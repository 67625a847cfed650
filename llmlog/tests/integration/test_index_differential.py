"""Index, scan and a second telling of the language give the same logs in the same order, for pages of any size."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from index_logs import Logs
from index_queries import MINE, Made, Queries, newest_first
from stored_logs import StoredLogs, stored_logs

from llmlog import LogEntry
from llmlog.query.index.follower import IndexFollower
from llmlog.query.index.place import IndexPlace
from llmlog.query.language import Matcher

LOGS = 120


def walked(logs: StoredLogs, typed: str, limit: int) -> list[LogEntry]:
    """All that is found, page by page."""
    finder, found = logs.service.finder, []
    cursor: str | None = None
    while True:
        answer = finder.search(finder.parse(typed), limit, cursor, MINE)
        assert answer.coverage.indexed
        assert answer.total is None or cursor is not None or answer.total >= len(answer.logs)
        found += answer.logs
        cursor = answer.coverage.next
        if cursor is None:
            return found


def agree(logs: StoredLogs, entries: list[LogEntry], query: Made, limits: list[int]) -> None:
    """Compare the three."""
    typed = query.typed
    meant = {entry.id for entry in entries if query.holds(entry)}
    matcher = Matcher(logs.service.finder.parse(typed), MINE)
    assert {entry.id for entry in entries if matcher.matches(entry)} == meant, typed
    orders = []
    for limit in limits:
        found = walked(logs, typed, limit)
        ids = [entry.id for entry in found]
        assert len(ids) == len(set(ids)), typed
        assert set(ids) == meant, (typed, limit)
        assert [entry.timestamp for entry in found] == newest_first(found), typed
        orders.append(ids)
    assert all(order == orders[0] for order in orders), typed
    total = logs.service.finder.search(logs.service.finder.parse(typed), 1, None, MINE).total
    assert total in (None, len(meant)), typed


def compare_world(data_dir: Path, seed: int, queries: int) -> None:
    """A world of its own: most of its logs are in the index, a few have just arrived."""
    chance = random.Random(seed)
    with stored_logs(data_dir) as logs:
        entries = Logs(chance, logs.now_ms).some(LOGS)
        logs.write(entries[:-7])
        follower = IndexFollower(logs.service._reads.store, IndexPlace(data_dir), logs.clock)
        while follower.round():
            pass
        logs.write(entries[-7:])
        makes = Queries(chance, logs.now_ms)
        matched = 0
        for _ in range(queries):
            query = makes.one()
            agree(logs, entries, query, [500, chance.choice((7, 13, 30))])
            matched += any(query.holds(entry) for entry in entries)
        assert matched > queries / 3  # most queries say something
        follower.stop()


@pytest.mark.parametrize("seed", range(4))
def test_the_three_agree(tmp_path: Path, seed: int) -> None:
    """Fifty random queries each over random logs."""
    compare_world(tmp_path, seed, 50)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(100, 120))
def test_the_three_agree_on_many(tmp_path: Path, seed: int) -> None:
    """A hundred random queries each over random logs."""
    compare_world(tmp_path, seed, 100)


def test_every_size_of_page(tmp_path: Path) -> None:
    """From one log a page to all on one, with ties in time and logs that are not indexed yet."""
    chance = random.Random(7)
    with stored_logs(tmp_path) as logs:
        entries = Logs(chance, logs.now_ms).some(40)
        logs.write(entries[:33])
        follower = IndexFollower(logs.service._reads.store, IndexPlace(tmp_path), logs.clock)
        while follower.round():
            pass
        logs.write(entries[33:])
        for typed in ("", "id:*", "-nowhere", "-/nowhere/", "request:*"):
            wanted = {one.id for one in (entries if typed != "request:*" else _with_messages(entries))}
            orders = [[one.id for one in walked(logs, typed, limit)] for limit in range(1, 43)]
            assert all(order == orders[0] for order in orders), typed
            assert set(orders[0]) == wanted, typed
        follower.stop()


def _with_messages(entries: list[LogEntry]) -> list[LogEntry]:
    return [entry for entry in entries if entry.llm_request.messages]
