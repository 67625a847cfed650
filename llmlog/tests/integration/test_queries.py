"""Pages, cursors, days, people, single logs and search against a real server."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from stored_logs import KEYS, StoredLogs, entry, newest_first, stored_logs

from llmlog import (
    BadRequest,
    LLMLoggingService,
    LogEntry,
    QueryOptions,
    Settings,
)
from llmlog.capture.pseudonyms import PseudonymKeys, Pseudonyms
from llmlog.clock import utc_day
from llmlog.settings import CaptureSettings
from llmlog.store.keys import DAY_MS


@pytest.fixture(name="logs")
def _logs(tmp_path: Path) -> Iterator[StoredLogs]:
    with stored_logs(tmp_path) as logs:
        yield logs


def scattered(logs: StoredLogs, count: int, seed: int) -> list[LogEntry]:
    """Entries over four days with many equal milliseconds, written in an order of their own."""
    chance = random.Random(seed)
    moments = [logs.now_ms - chance.randrange(4 * DAY_MS) for _ in range(count // 3)]
    entries = [entry(n, chance.choice(moments)) for n in range(count)]
    chance.shuffle(entries)
    logs.write(entries[: count // 2])
    logs.write(entries[count // 2 :])
    return entries


def by_cursor(logs: StoredLogs, limit: int, **more: str) -> list[str]:
    """The ids of every page, following the cursors."""
    seen: list[str] = []
    cursor: str | None = None
    while True:
        result = logs.service.get_logs(QueryOptions(limit=limit, cursor=cursor, **more))  # type: ignore[arg-type]
        seen += [one.id for one in result.logs]
        cursor = result.pagination.next
        if cursor is None:
            return seen
        assert len(result.logs) == limit


@pytest.mark.parametrize("limit", [1, 7, 50, 500])
def test_pages_and_cursors_give_the_same_logs(logs: StoredLogs, limit: int) -> None:
    """Page by page and cursor by cursor, every log comes once, newest first, and the total is right."""
    entries = scattered(logs, 120, seed=limit)
    expected = newest_first(entries)
    assert by_cursor(logs, limit) == expected
    paged: list[str] = []
    for page in range(1, -(-len(entries) // limit) + 1):
        result = logs.service.get_logs(QueryOptions(limit=limit, page=page))
        assert result.pagination.total == len(entries)
        assert (result.pagination.page, result.pagination.limit) == (page, limit)
        paged += [one.id for one in result.logs]
    assert paged == expected
    after = logs.service.get_logs(QueryOptions(limit=limit, page=len(entries) // limit + 2))
    assert (after.logs, after.pagination.next, after.pagination.total) == ([], None, len(entries))


def test_cursors_stand_still_while_logs_arrive(logs: StoredLogs) -> None:
    """What was there at the first page comes exactly once, however many newer logs arrive meanwhile."""
    entries = scattered(logs, 90, seed=1)
    seen: list[str] = []
    cursor: str | None = None
    for number in range(1000, 1100):
        result = logs.service.get_logs(QueryOptions(limit=8, cursor=cursor))
        seen += [one.id for one in result.logs]
        cursor = result.pagination.next
        if cursor is None:
            break
        logs.write([entry(number, logs.now_ms + number), entry(number + 500, logs.now_ms + number)])
    assert seen == newest_first(entries)


def test_logs_of_one_millisecond(logs: StoredLogs) -> None:
    """Logs of the same millisecond are told apart by id; a page may end between them."""
    entries = [entry(n, logs.now_ms) for n in range(64)]
    random.Random(3).shuffle(entries)
    logs.write(entries)
    for limit in (1, 9, 63, 64):
        assert by_cursor(logs, limit) == newest_first(entries)


def test_days_end_at_midnight_utc(logs: StoredLogs) -> None:
    """A day holds its first and its last millisecond and nothing of its neighbours."""
    midnight = logs.now_ms - DAY_MS // 2
    edges = {1: midnight - DAY_MS, 2: midnight - 1, 3: midnight, 4: midnight + DAY_MS - 1, 5: midnight + DAY_MS}
    logs.write([entry(number, moment) for number, moment in edges.items()])
    found = {
        day: [one.id[-1] for one in logs.service.get_logs(QueryOptions(day=utc_day(day))).logs]
        for day in (midnight - 1, midnight, midnight + DAY_MS)
    }
    assert list(found.values()) == [["2", "1"], ["4", "3"], ["5"]]
    result = logs.service.get_logs(QueryOptions(day=utc_day(midnight), limit=1))
    assert (result.pagination.total, result.stats.total_queries) == (2, 2)
    rest = logs.service.get_logs(QueryOptions(day=utc_day(midnight), limit=1, cursor=result.pagination.next))
    assert ([one.id[-1] for one in rest.logs], rest.pagination.next) == (["3"], None)
    assert by_cursor(logs, 2) == [f"entry-{n:06d}" for n in (5, 4, 3, 2, 1)], "tomorrow's are shown too"


def test_logs_of_a_person_survive_a_new_key(tmp_path: Path) -> None:
    """A raw id finds what was written under every live key, merged by time; nobody else's; a beginning of a
    pseudonym finds its own."""
    old, both = Pseudonyms(PseudonymKeys(KEYS)), {**KEYS, 2: b"2" * 32}
    new = Pseudonyms(PseudonymKeys(both))
    names = [old.of("user", "dana"), new.of("user", "dana"), new.of("user", "lee")]
    assert len({name.split(":")[1] for name in names}) == 3
    with stored_logs(tmp_path, both) as logs:
        entries = [entry(n, logs.now_ms - n // 2, user_id=names[n % 3]) for n in range(60)]
        logs.write(entries)
        danas = newest_first(one for one in entries if one.user_id != names[2])
        assert by_cursor(logs, 7, user_id="dana") == danas
        assert [one.id for one in logs.service.get_logs_by_user("dana", limit=500)] == danas
        third = logs.service.get_logs(QueryOptions(user_id="dana", limit=7, page=3))
        assert ([one.id for one in third.logs], third.pagination.total) == (danas[14:21], 40)
        olds = newest_first(one for one in entries if one.user_id == names[0])
        for beginning in (names[0], names[0][:9], names[0].removeprefix("v1:")[:6]):
            assert by_cursor(logs, 9, pseudonym=beginning) == olds
        assert logs.service.get_logs_by_user("nobody") == []
        assert logs.service.get_logs(QueryOptions(pseudonym="v1:ffffffffffff")).logs == []
        assert logs.service.is_own(entries[0], "dana")
        assert not logs.service.is_own(entries[2], "dana")


def test_a_key_that_is_gone_hides_its_logs(tmp_path: Path) -> None:
    """Without the key nobody finds a person's logs by the raw id."""
    name = Pseudonyms(PseudonymKeys(KEYS)).of("user", "dana")
    with stored_logs(tmp_path) as logs:
        logs.write([entry(1, logs.now_ms, user_id=name)])
        assert len(logs.service.get_logs_by_user("dana")) == 1
        other = Settings(data_dir=tmp_path, capture=CaptureSettings(pseudonym_keys={2: b"2" * 32}))
        with LLMLoggingService.open_reader(other, logs.clock) as service:
            assert service.get_logs_by_user("dana") == []


def foreign_log(logs: StoredLogs, entry_id: str, raw: str) -> None:
    """A log as the TypeScript DJ Forge writes it."""
    client = logs.service.redis_client(5)
    key, day = f"llm:log:{entry_id}", f"llm:logs:{utc_day(logs.now_ms)}"
    client.hset(key, mapping={"id": entry_id, "llmRequest.model": "x", "_raw": raw})
    client.expire(key, 90 * 86400)
    client.zadd(day, {entry_id: logs.now_ms})
    client.hincrby(f"llm:stats:daily:{utc_day(logs.now_ms)}", "totalQueries", 1)
    client.hincrby(f"llm:stats:daily:{utc_day(logs.now_ms)}", "model:claude-sonnet-4", 1)


def test_logs_of_the_typescript_app_are_read(logs: StoredLogs) -> None:
    """Its logs stand in the lists among ours, as they are; its statistics are not mixed with ours; a broken one
    costs only itself."""
    entry_id = "0b9f4a52-6a0e-4e5e-9f8b-2d8b8f9f3a11"
    raw = {
        "id": entry_id,
        "timestamp": logs.now_ms,
        "userId": "5f4dcc3b5aa765d6",
        "command": "play some jazz",
        "interpretation": {"intent": "play_specific_song", "confidence": 0.9},
        "llmRequest": {"messages": [{"role": "user", "content": "jazz"}], "model": "x", "temperature": "0.7"},
        "llmResponse": {"content": "{}", "usage": {"total_tokens": 12}, "latency": 523},
        "result": {"success": True, "message": "Playing"},
        "steps": "none",
    }
    foreign_log(logs, entry_id, json.dumps(raw))
    foreign_log(logs, "broken-log-01", "{no json")
    logs.write([entry(1, logs.now_ms - 1)])
    result = logs.service.get_logs()
    assert [one.id for one in result.logs] == [entry_id, "entry-000001"]
    found = result.logs[0]
    assert (found.command, found.llm_request.model, found.llm_request.temperature) == ("play some jazz", "x", 0.7)
    assert found.llm_response is not None
    assert found.llm_response.latency == 523
    assert found.raw == {"unfit": {"steps": "none"}, "value": None}
    assert logs.service.get_log("broken-log-01") is None
    assert result.stats.total_queries == 1
    assert result.stats.model_distribution == {"m": 1}


def test_one_log(logs: StoredLogs) -> None:
    """A log comes whole by its id; one that does not exist is None; what is no id is refused by name."""
    whole = entry(1, logs.now_ms, command="play", tags={"a": [1, {"b": None}]}, trace_id="t")
    logs.write([whole])
    assert logs.service.get_log("entry-000001") == whole
    assert logs.service.get_log("entry-000002") is None
    for wrong in ("", "a", "x" * 65, "entry 1234", "entry-1\n", "../../etc"):
        with pytest.raises(BadRequest) as caught:
            logs.service.get_log(wrong)
        assert caught.value.field == "id"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (QueryOptions(limit=0), "limit"),
        (QueryOptions(limit=501), "limit"),
        (QueryOptions(page=0), "page"),
        (QueryOptions(cursor="12"), "cursor"),
        (QueryOptions(day="2026-02-30"), "date"),
        (QueryOptions(pseudonym="v1:xyz"), "pseudonym"),
        (QueryOptions(pseudonym="*" * 8), "pseudonym"),
    ],
)
def test_bad_options_are_named(logs: StoredLogs, options: QueryOptions, field: str) -> None:
    """An option that cannot be used is refused with its name and what to give instead."""
    with pytest.raises(BadRequest) as caught:
        logs.service.get_logs(options)
    assert caught.value.field == field
    assert caught.value.message.endswith((".", "`next`."))
