"""Search against a real server: the same tests read the logs one by one and ask the index."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from stored_logs import StoredLogs, entry, newest_first, stored_logs

from llmlog import (
    BadRequest,
    ErrorInfo,
    LlmRequest,
    LlmResponse,
    LogEntry,
    Result,
)
from llmlog.clock import utc_day
from llmlog.query.index.follower import IndexFollower
from llmlog.query.index.place import IndexPlace
from llmlog.query.language import QuerySyntaxError
from llmlog.store.keys import DAY_MS


class Searched(StoredLogs):
    """Stored logs; `settle` brings the index up to date where there is one."""

    follower: IndexFollower | None = None

    def settle(self) -> None:
        """Have everything indexed that was written."""
        while self.follower is not None and self.follower.round():
            pass

    def found(self, query: str) -> str:
        """The last digits of the ids found."""
        return "".join(one.id[-1] for one in self.service.search_logs(query))


@pytest.fixture(name="logs", params=["scan", "index"])
def _logs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Searched]:
    with stored_logs(tmp_path) as stored:
        logs = Searched(stored.service, stored.clock)
        if request.param == "index":
            logs.follower = IndexFollower(stored.service._reads.store, IndexPlace(tmp_path), stored.clock)
            logs.settle()
        yield logs
        if logs.follower is not None:
            logs.follower.stop()


def spoken(logs: Searched) -> None:
    """One log per place that search reads."""
    system = {"role": "system", "content": "You know everything about Mingus"}
    earlier = {"role": "user", "content": "first of all: Coltrane"}
    asked = {"role": "user", "content": [{"type": "text", "text": "something by Björk"}]}
    logs.write([
        entry(1, logs.now_ms, command="Play Kind of Blue"),
        entry(2, logs.now_ms - 1, llm_request=LlmRequest(model="m", messages=[system, earlier, asked])),
        entry(3, logs.now_ms - 2, llm_response=LlmResponse(content="Blue in Green", reasoning="kind request")),
        entry(4, logs.now_ms - 3, result=Result(success=False, message="No DEVICE is playing")),
        entry(5, logs.now_ms - DAY_MS, error=ErrorInfo(type="rate_limit", message="Straße gesperrt")),
    ])  # fmt: skip


@pytest.mark.parametrize("settled", [True, False], ids=["settled", "just arrived"])
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("blue kind", "13"),
        ('"kind of blue"', "1"),
        ("“kind of blue”", "1"),
        ('"of kind"', ""),
        ("BJORK", "2"),
        ("björk", "2"),
        ("mingus", ""),
        ("coltrane", ""),
        ("request:mingus", "2"),
        ("-request:mingus blue", "13"),
        ("device play*", "4"),
        ("device play", ""),
        ("*laying", "4"),
        ("strasse", "5"),
        ("rate_limit", "5"),
        ("error:rate*", "5"),
        ("/kind (of|re)/", "13"),
        ("/kind/ -blue", ""),
        ("-/kind/", "245"),
        ("-blue", "245"),
        ("reasoning:*", "3"),
        ("-reasoning:*", "1245"),
        ("id:entry-000004", "4"),
        ("id:entry-", "12345"),
        ("model:m until:yesterday", "5"),
        ("since:1h", "1234"),
        ("until:1h", "5"),
        ("model:mm", ""),
        ("", "12345"),
    ],
)
def test_what_is_found(logs: Searched, query: str, found: str, settled: bool) -> None:
    """Whatever the language says, and whether or not the index has it already."""
    spoken(logs)
    if settled:
        logs.settle()
    assert logs.found(query) == found
    coverage = logs.service.search_logs(query).coverage
    assert coverage.next is None
    assert coverage.indexed is (logs.follower is not None)


def walked(logs: Searched, query: str, limit: int) -> list[str]:
    """All ids, page by page."""
    ids: list[str] = []
    cursor = None
    while True:
        result = logs.service.search_logs(query, limit=limit, cursor=cursor)
        ids += [one.id for one in result]
        cursor = result.coverage.next
        if cursor is None:
            return ids


@pytest.mark.parametrize("query", ["jazz", "/ja+z/"])
@pytest.mark.parametrize("limit", [1, 7, 100])
def test_following_the_cursors(logs: Searched, query: str, limit: int) -> None:
    """Every match once and in order, also where many logs share a millisecond, and some are not indexed yet."""
    chance = random.Random(limit)
    entries = [
        entry(n, logs.now_ms - chance.randrange(20) * 3_600_000, command="jazz" if n % 5 else "rock")
        for n in range(90)
    ]
    logs.write(entries[:80])
    logs.settle()
    logs.write(entries[80:])
    ids = walked(logs, query, limit)
    assert len(ids) == len(set(ids))
    assert set(ids) == {one.id for one in entries if one.command == "jazz"}
    moments = {one.id: one.timestamp for one in entries}
    assert [moments[each] for each in ids] == sorted((moments[each] for each in ids), reverse=True)


def test_a_late_log_is_found(logs: Searched) -> None:
    """A log that waited six hours on a disk stands where it belongs."""
    logs.write([entry(n, logs.now_ms - n * 3_600_000, command="jazz") for n in range(1, 9)])
    logs.settle()
    logs.write([entry(0, logs.now_ms - 6 * 3_600_000 + 1, command="jazz")])
    assert logs.found("jazz") == "123450678"
    logs.settle()
    assert logs.found("jazz") == "123450678"


def test_a_log_that_is_gone(logs: Searched) -> None:
    """What was deleted from the store is in no answer, and the pages go on behind it."""
    logs.write([entry(n, logs.now_ms - n, command="jazz") for n in range(9)])
    logs.settle()
    logs.service.redis_client().delete("llm:log:entry-000003")
    assert walked(logs, "jazz", 2) == [f"entry-00000{n}" for n in (0, 1, 2, 4, 5, 6, 7, 8)]


def test_logs_of_the_typescript_app(logs: Searched) -> None:
    """Logs that the TypeScript app wrote into the same Redis are found like ours, by the index those too that are
    under the day of its own time zone; none is there twice, however often days are compared."""
    client = logs.service.redis_client()
    midnight = logs.now_ms // DAY_MS * DAY_MS
    local = {
        "theirs-0001": (midnight - 3_600_000, 0),
        "theirs-0002": (midnight + 3_600_000, -1),
        "theirs-0003": (midnight, 0),
    }
    for entry_id, (moment, days_off) in local.items():
        raw = {
            "id": entry_id,
            "timestamp": moment,
            "userId": "5d41402abc4b2a76",
            "command": "play some jazz",
            "llmRequest": {"model": "o3-pro", "messages": []},
            "llmResponse": {"content": "{}", "latency": 800},
        }
        client.hset(f"llm:log:{entry_id}", mapping={"id": entry_id, "_raw": msgspec.json.encode(raw)})
        under = midnight + days_off * DAY_MS if logs.follower is not None else moment
        client.zadd(f"llm:logs:{utc_day(under)}", {entry_id: moment})
    logs.write([entry(1, logs.now_ms, command="jazz of ours")])
    for _ in range(3):
        logs.clock.advance(61)  # days are compared once a minute
        logs.settle()
        assert sorted(walked(logs, "jazz", 2)) == ["entry-000001", *sorted(local)]
        assert len(walked(logs, "model:o3-pro latency:>500ms", 2)) == 3
    if logs.follower is not None:
        assert logs.service.search_logs("jazz").coverage.indexed


def test_a_cursor_of_another_query(logs: Searched) -> None:
    """It is refused, and so is one that was made up."""
    logs.write([entry(n, logs.now_ms - n, command="jazz") for n in range(5)])
    logs.settle()
    cursor = logs.service.search_logs("jazz", limit=2).coverage.next
    with pytest.raises(BadRequest, match="another query"):
        logs.service.search_logs("rock", cursor=cursor)
    with pytest.raises(BadRequest, match="not one that"):
        logs.service.search_logs("jazz", cursor="nonsense")


@pytest.mark.parametrize("query", ['""', "“ ”", "\u0301", "x" * 1001, "modl:claude", "jazz OR swing"])
def test_what_cannot_be_read(logs: Searched, query: str) -> None:
    """It is refused with its place, never answered with every log."""
    with pytest.raises(QuerySyntaxError) as caught:
        logs.service.search_logs(query)
    assert caught.value.field == "q"
    assert 0 <= caught.value.start <= caught.value.end <= len(query)


def test_a_scan_without_time_still_gets_on(tmp_path: Path) -> None:
    """However small the budget, each answer gets further, and says that it is not all."""
    with stored_logs(tmp_path) as logs:
        logs.write([entry(n, logs.now_ms - n, command="jazz" if n == 299 else "rock") for n in range(300)])
        finder = logs.service.finder
        cursor: str | None = None
        for answers in range(1, 10):  # noqa: B007
            result = finder.search(finder.parse("jazz"), cursor=cursor, budget_s=0.0)
            cursor = result.coverage.next
            if len(result):
                break
            assert not result.coverage.complete
            assert f"{result.coverage.searched:,} of 300 logs, back to " in result.coverage.sentence()
        assert answers == 3
        assert result[0].id == "entry-000299"


def test_newest_first_everywhere(logs: Searched) -> None:
    """Without a query all logs come, newest first, however they were written."""
    chance = random.Random(7)
    entries: list[LogEntry] = [entry(n, logs.now_ms - chance.randrange(3 * DAY_MS)) for n in range(60)]
    logs.write(entries)
    logs.settle()
    assert walked(logs, "", 13) == newest_first(entries)
