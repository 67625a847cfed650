"""An index that fails in the middle of a search: the answer comes from the logs themselves."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from stored_logs import StoredLogs, entry, stored_logs

from llmlog.query.index.failures import IndexFailed
from llmlog.query.index.follower import IndexFollower
from llmlog.query.index.place import IndexPlace
from llmlog.query.index.reading import IndexReader, Snapshot
from llmlog.query.search import LogSearch

WORDS = [f"w{number}" for number in range(300)]
LOGS = 200


class Unchecked(IndexReader):
    """A reader that does not look through the files first, as if they had been damaged since."""

    def __init__(self, place: IndexPlace) -> None:
        super().__init__(place)
        self._damaged = place

    def snapshot(self) -> Snapshot | None:
        """Whatever is there."""
        return Snapshot(self._damaged.open_for_reading(), self._damaged.checkpoint())


@pytest.fixture(name="logs")
def _logs(tmp_path: Path) -> Iterator[StoredLogs]:
    chance = random.Random(5)
    with stored_logs(tmp_path) as logs:
        logs.write(entry(n, logs.now_ms - n, command=" ".join(chance.choices(WORDS, k=6))) for n in range(LOGS))
        follower = IndexFollower(logs.service._reads.store, IndexPlace(tmp_path), logs.clock)
        while follower.round():
            pass
        follower.stop()
        yield logs


def turned(file: Path, chance: random.Random) -> bytes:
    """Three bits of a file turned; what it was before."""
    content = file.read_bytes()
    damaged = bytearray(content)
    for _ in range(3):
        damaged[chance.randrange(len(content) - 200)] ^= 1 << chance.randrange(8)
    file.write_bytes(damaged)
    return content


def test_the_answer_comes_from_the_logs(logs: StoredLogs, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whether the library raises or panics, a search gives what a scan gives, and says that no index answered."""
    place = IndexPlace(tmp_path)
    reads = logs.service._reads
    chance = random.Random(1)
    failed: list[str] = []
    for name in ("*.idx", "*.store") * 6:
        file = next(place.path.glob(name))
        before = turned(file, chance)
        search = LogSearch(reads.store, reads.queries, logs.clock, Unchecked(place))
        for word in WORDS[:40]:
            answer = search.search(reads.finder.parse(f"-{word}x"), 500)
            if not answer.coverage.indexed:
                assert len(answer) == LOGS
        failed += [record.getMessage() for record in caplog.records]
        caplog.clear()
        file.write_bytes(before)
    assert failed
    assert all("read one by one" in text for text in failed)


def test_a_panic_is_an_error_like_others(logs: StoredLogs, tmp_path: Path) -> None:
    """What ends neither a thread nor a server: a panic of the library is told as IndexFailed."""
    place = IndexPlace(tmp_path)
    chance = random.Random(2)
    told: set[str] = set()
    file = next(place.path.glob("*.idx"))
    parse = logs.service.finder.parse
    for _ in range(25):
        before = turned(file, chance)
        try:
            snapshot = Snapshot(place.open_for_reading(), place.checkpoint())
            for word in WORDS:
                snapshot.page(parse(word), None, 100)
        except IndexFailed as error:
            told.add(str(error).split(":")[0])
        file.write_bytes(before)
    assert "panic" in told, told
