"""The search index while its process is killed, its disk is full, and logs arrive: searched by another process.

| scenario | test |
|---|---|
| logs arrive while another process searches in a loop | test_found_as_soon_as_stored |
| the indexing process is killed at random moments, another one goes on | test_kill_9_of_the_one_who_keeps_it |
| its directory is deleted again and again | test_deleted_under_load |
| Redis is killed and comes back | test_redis_away_and_back |
| the disk is full, or becomes full | test_a_disk_too_small, test_a_disk_that_fills |
| the host forks | test_a_forked_child_holds_nothing |
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import StartLogging
from mounts import fill, inside, mounted
from processes import RedisServer, wait_for

from llmlog import LLMLoggingService, Settings, StoreUnavailable
from llmlog.query.index.copy import IndexCopy
from llmlog.query.index.place import IndexPlace
from llmlog.settings import StoreSettings

SCRIPT = Path(__file__).with_name("index_process.py")
KILLS = [pytest.param(seed, marks=[pytest.mark.long] if seed >= 2 else []) for seed in range(20)]


class IndexProcess:
    """A running `index_process.py`."""

    def __init__(self, directory: Path, environment: dict[str, str], wrapper: Sequence[str] = ()) -> None:
        self._stderr = directory / f"index-{time.monotonic_ns()}.stderr"
        with self._stderr.open("wb") as stderr:
            self.process = subprocess.Popen(
                [*wrapper, sys.executable, str(SCRIPT)],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "keeping\n", self.stderr

    @property
    def stderr(self) -> str:
        """What it told on stderr."""
        return self._stderr.read_text()

    def do(self, command: str) -> str:
        """Have it do something; the answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()
        self._close()

    def end(self) -> None:
        """Let it end; fails unless it ends well."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert (self.process.wait(timeout=30), "Traceback" in self.stderr) == (0, False), self.stderr
        self._close()

    def _close(self) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None and not stream.closed:
                stream.close()


StartIndexing = Callable[..., IndexProcess]


@pytest.fixture(name="start_indexing")
def _start_indexing(tmp_path: Path, redis_server: RedisServer) -> Iterator[StartIndexing]:
    started: list[IndexProcess] = []

    def start(wrapper: Sequence[str] = ()) -> IndexProcess:
        environment = {
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "LLMLOG_DATA_DIR": str(tmp_path / "data"),
            "LLMLOG_REDIS_URL": f"redis://127.0.0.1:{redis_server.port}/0",
        }
        process = IndexProcess(tmp_path, environment, wrapper)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.process.poll() is None:
            process.kill()


class Reader:
    """Whoever searches: a process of its own, this one."""

    def __init__(self, service: LLMLoggingService, redis: Any) -> None:
        self._service = service
        self._redis = redis
        self.behind = 0
        """Searches whose answer said that it was not up to date."""

    def stored(self) -> set[str]:
        """Every id that is in Redis."""
        return {name for key in self._redis.scan_iter("llm:logs:*") for name in self._redis.zrange(key, 0, -1)}

    def found(self, query: str = "command") -> list[str]:
        """Every id that a search finds, page by page; fails for what lacks although the answer claims to be all."""
        before = self.stored()
        ids: list[str] = []
        cursor, behind = None, False
        while True:
            answer = self._service.search_logs(query, limit=500, cursor=cursor)
            ids += [one.id for one in answer]
            behind = behind or answer.coverage.indexed_until is not None
            cursor = answer.coverage.next
            if cursor is None:
                break
        self.behind += behind
        assert len(ids) == len(set(ids))
        assert behind or before <= set(ids), (len(before), len(ids), answer.coverage)
        return ids

    def indexed(self) -> bool:
        """Whether an index answers, and completely."""
        coverage = self._service.search_logs("command", limit=1).coverage
        return coverage.indexed and coverage.indexed_until is None

    def total(self) -> int | None:
        """How many a search counts."""
        return self._service.search_logs("command", limit=1).total


@pytest.fixture(name="reader")
def _reader(tmp_path: Path, redis_server: RedisServer, redis_client: Any) -> Iterator[Reader]:
    url = f"redis://127.0.0.1:{redis_server.port}/0"
    settings = Settings(data_dir=tmp_path / "data", store=StoreSettings(redis_url=url))
    with LLMLoggingService.open_reader(settings) as service:
        yield Reader(service, redis_client)


def ids_in_the_index(data_dir: Path) -> list[str]:
    """Every id, as often as it is in the index; nobody keeps it now."""
    copy = IndexCopy(IndexPlace(data_dir))
    try:
        return sorted(name for day in copy.count_by_day() for name in copy.ids_of_day(day).elements())
    finally:
        copy.close()


def wait_for_index(data_dir: Path, count: int, at_most_s: float = 60) -> None:
    """Wait until so many are in the index itself."""
    place = IndexPlace(data_dir)
    wait_for(
        lambda: place.checkpoint().whole and place.checkpoint().indexed == count, f"{count} in the index", at_most_s
    )


def test_found_as_soon_as_stored(
    start_logging: StartLogging, start_indexing: StartIndexing, reader: Reader
) -> None:
    """While 2,000 logs arrive, each search finds every log that was in Redis before it, and none twice."""
    keeper = start_indexing()
    logging_process = start_logging("first", reader._redis.connection_pool.connection_kwargs["port"])
    logging_process.do("log 100")
    wait_for(reader.indexed, "the index")
    logging_process.begin("log 2000 500")
    searches, seen = 0, 0
    while len(logging_process.accepted) < 2100 or len(reader.stored()) < 2100:
        seen = len(reader.found())
        searches += 1
    logging_process.wait()
    assert searches >= 5
    assert set(reader.found()) == set(logging_process.accepted)
    wait_for(lambda: reader.total() == 2100, "the total")
    assert seen >= 100
    assert reader.behind == 0
    keeper.end()


@pytest.mark.parametrize("seed", KILLS)
def test_kill_9_of_the_one_who_keeps_it(
    tmp_path: Path, start_logging: StartLogging, start_indexing: StartIndexing, reader: Reader, seed: int
) -> None:
    """Killed again and again while logs arrive, and replaced: no answer lacks what it claims to have, and in the
    end the index has each log once."""
    chance = random.Random(seed)
    logging_process = start_logging("first", reader._redis.connection_pool.connection_kwargs["port"])
    logging_process.begin("log 3000 600")
    waiting = [start_indexing()]
    for _ in range(4):
        until_s = time.monotonic() + chance.choice((0.05, 0.4, 1.0, 2.5)) * chance.random()
        while time.monotonic() < until_s:
            reader.found()
        waiting.append(start_indexing())
        waiting.pop(0).kill()
        reader.found()
    logging_process.wait()
    wait_for(lambda: len(reader.stored()) == 3000, "all to be stored")
    wait_for(reader.indexed, "the index")
    assert set(reader.found()) == set(logging_process.accepted)
    wait_for_index(tmp_path / "data", 3000)
    waiting[0].end()
    assert ids_in_the_index(tmp_path / "data") == sorted(logging_process.accepted)


def test_deleted_under_load(
    tmp_path: Path, start_logging: StartLogging, start_indexing: StartIndexing, reader: Reader
) -> None:
    """Its directory goes while logs arrive and others search: every answer has all, and the index comes back."""
    keeper = start_indexing()
    logging_process = start_logging("first", reader._redis.connection_pool.connection_kwargs["port"])
    logging_process.begin("log 1500 300")
    for _ in range(4):
        time.sleep(0.6)
        shutil.rmtree(tmp_path / "data" / "index", ignore_errors=True)
        for _ in range(3):
            reader.found()
    logging_process.wait()
    wait_for(lambda: len(reader.stored()) == 1500, "all to be stored")
    wait_for(reader.indexed, "the index")
    assert set(reader.found()) == set(logging_process.accepted)
    wait_for_index(tmp_path / "data", 1500)
    keeper.end()
    assert ids_in_the_index(tmp_path / "data") == sorted(logging_process.accepted)


def test_redis_away_and_back(
    tmp_path: Path,
    redis_server: RedisServer,
    start_logging: StartLogging,
    start_indexing: StartIndexing,
    reader: Reader,
) -> None:
    """Redis is killed while the index is built and while it goes on: afterwards it has each log once."""
    logging_process = start_logging("first", redis_server.port)
    logging_process.do("log 2000")
    wait_for(lambda: len(reader.stored()) == 2000, "all to be stored")
    keeper = start_indexing()
    time.sleep(0.2)
    redis_server.kill()
    with pytest.raises(StoreUnavailable):
        reader.indexed()
    redis_server.start()
    wait_for(reader.indexed, "the index")
    logging_process.begin("log 500 500")
    time.sleep(0.3)
    redis_server.kill()
    redis_server.start()
    logging_process.wait()
    wait_for(lambda: len(reader.stored()) == 2500, "all to be stored")
    wait_for_index(tmp_path / "data", 2500)
    assert set(reader.found()) == set(logging_process.accepted)
    assert int(keeper.do("stop")) < 6000
    keeper.end()
    assert ids_in_the_index(tmp_path / "data") == sorted(logging_process.accepted)


def test_two_of_one_directory(
    tmp_path: Path, start_logging: StartLogging, start_indexing: StartIndexing, reader: Reader
) -> None:
    """One keeps the index; when it is killed the other one does within some seconds."""
    first, second = start_indexing(), start_indexing()
    logging_process = start_logging("first", reader._redis.connection_pool.connection_kwargs["port"])
    logging_process.do("log 200")
    wait_for(lambda: reader.total() == 200, "the index")
    first.kill()
    logging_process.do("log 200")
    wait_for(lambda: len(reader.stored()) == 400, "all to be stored")
    assert len(reader.found()) == 400
    wait_for_index(tmp_path / "data", 400, at_most_s=10)
    second.end()


def test_a_forked_child_holds_nothing(
    tmp_path: Path, start_logging: StartLogging, start_indexing: StartIndexing, reader: Reader
) -> None:
    """A child of the host ends as children do, and one that outlives the host keeps nobody from the index."""
    first = start_indexing()
    logging_process = start_logging("first", reader._redis.connection_pool.connection_kwargs["port"])
    logging_process.do("log 100")
    wait_for(lambda: reader.total() == 100, "the index")
    assert (first.do("fork and end"), "panic" in first.stderr) == ("0", False), first.stderr
    child = int(first.do("fork"))
    try:
        first.kill()
        second = start_indexing()
        logging_process.do("log 100")
        wait_for_index(tmp_path / "data", 200, at_most_s=15)
        second.end()
    finally:
        subprocess.run(["kill", "-9", str(child)], check=True)


def test_a_disk_too_small(
    tmp_path: Path, start_logging: StartLogging, start_indexing: StartIndexing, reader: Reader
) -> None:
    """On a disk with room for little but logs nothing is indexed; the process lives and says why."""
    mount = mounted(tmp_path / "data", "-t", "tmpfs", "-o", "size=32m", "tmpfs")
    logging_process = start_logging("first", reader._redis.connection_pool.connection_kwargs["port"])
    logging_process.do("log 300")
    keeper = start_indexing(mount)
    wait_for(lambda: "nearly full" in keeper.stderr, "its word")
    assert keeper.process.poll() is None
    assert not (inside(keeper.process.pid, tmp_path / "data") / "index" / "checkpoint").exists()
    keeper.end()


def test_a_disk_that_fills(
    tmp_path: Path, start_logging: StartLogging, start_indexing: StartIndexing, reader: Reader
) -> None:
    """When the disk becomes full the index gives its room to the logs; it comes back when there is room again."""
    mount = mounted(tmp_path / "data", "-t", "tmpfs", "-o", "size=100m", "tmpfs")
    logging_process = start_logging("first", reader._redis.connection_pool.connection_kwargs["port"])
    logging_process.do("log 300")
    wait_for(lambda: len(reader.stored()) == 300, "all to be stored")
    keeper = start_indexing(mount)
    seen = inside(keeper.process.pid, tmp_path / "data")
    place = IndexPlace(seen)
    wait_for(lambda: place.checkpoint().whole and place.checkpoint().indexed == 300, "the index")
    fill(seen / "something")
    wait_for(lambda: place.made() is None or not place.checkpoint().whole, "it to give way")
    logging_process.do("log 100")
    (seen / "something").unlink()
    wait_for(lambda: place.checkpoint().whole and place.checkpoint().indexed == 400, "the index to come back")
    keeper.end()
