"""Queries over twelve fixed logs, their answers written by hand; from the index, and from the logs one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from stored_logs import StoredLogs, stored_logs

from llmlog import Cost, ErrorInfo, LlmRequest, LlmResponse, LogEntry, Result, Usage
from llmlog.query.index.follower import IndexFollower
from llmlog.query.index.place import IndexPlace
from llmlog.store.keys import DAY_MS

LONG_WORD = "aGVsbG8" * 100 + "tail"


def log(letter: str, timestamp: int, model: str = "claude-sonnet-4", **more: object) -> LogEntry:
    """A log that is known by a letter."""
    messages = more.pop("messages", [])
    request = LlmRequest(model=model, messages=messages, requested_model="claude-sonnet-4")  # type: ignore[arg-type]
    return LogEntry(id=f"known-{letter}", timestamp=timestamp, llm_request=request, **more)  # type: ignore[arg-type]


def twelve(now_ms: int) -> list[LogEntry]:
    """The logs, newest first; d, e and f are of one millisecond."""
    prompt = {"role": "system", "content": "You are a DJ. Never play christmas songs."}
    return [
        log("a", now_ms, command="Play Beyoncé – Halo", messages=[prompt], tags={"beta": None}),
        log("b", now_ms - 1, command="play_track AC/DC", model="gpt-5", status="fallback", tags={"beta": "B"}),
        log("c", now_ms - 2, command="BEYONCE\u0301 halos", result=Result(success=True, message="Halo by Beyoncé")),
        log("d", now_ms - 3, command="日本語の歌", llm_response=LlmResponse(content="東京 🎵", latency=2000.0)),
        log("e", now_ms - 3, command="日 本", llm_response=LlmResponse(content="no results", latency=2000.5)),
        log("f", now_ms - 3, command="happy 80s", llm_response=LlmResponse(latency=5001.0, streamed=True)),
        log("g", now_ms - 60_000, command="happy sad 80s", messages=[{"role": "user", "content": "80s happy"}]),
        log("h", now_ms - 61_000, error=ErrorInfo(type="rate_limit", message="Straße"), status="error"),
        log("i", now_ms - 3_600_000, command=f"what is {LONG_WORD}", user_id="v1:7f3a9c0011"),
        log("j", now_ms - 7_200_000, command="", user_id="v1:7f3a9d0011", tags={"a, b": "c", "new\nline": "x"}),
        log("k", now_ms - DAY_MS, model="Claude-Opus", llm_response=LlmResponse(
            reasoning="BPM is 120", cost=Cost(usd=0.05), usage=Usage(total_tokens=4000))),
        log("l", now_ms - 2 * DAY_MS, command="rock or not", llm_response=LlmResponse(
            cost=Cost(), usage=Usage(total_tokens=4001)), source="test", turn=2),
    ]  # fmt: skip


BY_HAND = [
    ("", "abcdefghijkl"),
    ("beyonce", "ac"),
    ("BEYONCÉ halo", "ac"),
    ("halo", "ac"),
    ('"beyonce halo"', "a"),
    ("halo*", "ac"),
    ("command:halos", "c"),
    ("result:halo", "c"),
    ("play", "ab"),
    ("play_track", "b"),
    ('"play track"', "b"),
    ("ac/dc", "b"),
    ("日本", "d"),
    ("本", "de"),
    ("語の歌", "d"),
    ("🎵", "d"),
    ("-日", "abcfghijkl"),
    ('"happy 80s"', "f"),
    ("happy 80s", "fg"),
    ('"80s happy"', "g"),
    ("happy -sad", "f"),
    ("christmas", ""),
    ("request:christmas", "a"),
    ("strasse", "h"),
    ("error:rate_limit", "h"),
    ("status:error,fallback", "bh"),
    ("model:claude*", "acdefghijkl"),
    ("model:claude-opus", "k"),
    ("-model:claude* asked:claude-sonnet-4", "b"),
    ("tag:beta", "ab"),
    ("tag:beta=b", "b"),
    ('tag:"a, b"', "j"),
    ("tag:new*x", "j"),
    ("user:7f3a9c", "i"),
    ("user:*", "ij"),
    ("*tail", "i"),
    ("aGVsbG8*", "i"),
    ("*bG8aGVsbG8*", "i"),
    ("hbg8agvs", ""),
    ("latency:2s", "d"),
    ("latency:2s..5s", "de"),
    ("-latency:>2s", "abcdghijkl"),
    ("is:slow is:stream", "f"),
    ("cost:>=5c", "k"),
    ("has:usage -has:cost", "l"),
    ("tokens:>4k", "l"),
    ("reasoning:/bpm|tempo/", "k"),
    ("/no results$/", "e"),
    ("since:1m", "abcdefg"),
    ("until:1h", "jkl"),
    ("since:yesterday until:yesterday", "k"),
    ("rock or not", "l"),
    ("command:* is:test turn:2", "l"),
    ("-command:*", "hjk"),
]


@pytest.fixture(name="logs", scope="module", params=["index", "scan"])
def _logs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredLogs]:
    data_dir: Path = tmp_path_factory.mktemp("twelve")
    with stored_logs(data_dir) as stored:
        stored.write(twelve(stored.now_ms))
        if request.param == "index":
            follower = IndexFollower(stored.service._reads.store, IndexPlace(data_dir), stored.clock)
            while follower.round():
                pass
            with closing(_Stopping(follower)):
                yield stored
        else:
            yield stored


class _Stopping:
    def __init__(self, follower: IndexFollower) -> None:
        self.close = follower.stop


@pytest.mark.parametrize(("query", "letters"), BY_HAND)
def test_what_a_person_would_say(logs: StoredLogs, query: str, letters: str) -> None:
    """Just these logs are found, newest first, on one page or on many."""
    found = [one.id[-1] for one in logs.service.search_logs(query)]
    assert sorted(found) == sorted(letters)
    assert [each for each in found if each not in "def"] == [each for each in letters if each not in "def"]
    paged: list[str] = []
    cursor: str | None = None
    while True:
        answer = logs.service.search_logs(query, limit=2, cursor=cursor)
        paged += [one.id[-1] for one in answer]
        cursor = answer.coverage.next
        if cursor is None:
            break
    assert paged == found
