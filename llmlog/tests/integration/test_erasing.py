"""Erasing a person: nothing of them is left in store, index, spools and dead letters; all others stay."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from llmlog import BadRequest, LLMLoggingService, LlmRequest, LlmResponse, LogEntry, QueryOptions, Settings
from llmlog.admin import Viewer, create_admin
from llmlog.settings import ShipSettings

API = "/api/llm-logs"
CANARY = "canary-of-lee"


class Dana:
    """Everybody is dana, who is the administrator."""

    sign_in_url = "/sign-in"

    async def identify(self, connection: HTTPConnection) -> Viewer | None:
        return Viewer(user_id="dana", display_name="Dana", is_administrator=True)


def logged(person: str, word: str) -> LogEntry:
    """An entry with a word of its own in several places."""
    return LogEntry(
        user_id=person,
        session_id=f"session of {person}",
        command=f"play {word}",
        llm_request=LlmRequest(model="m", messages=[{"role": "user", "content": word}]),
        llm_response=LlmResponse(content=f"you said {word}"),
    )


def until(condition: object, what: str = "") -> None:
    """Wait for something."""
    until_s = time.monotonic() + 30
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until_s, what
        time.sleep(0.02)


@pytest.fixture(name="service")
def _service(tmp_path: Path) -> Iterator[LLMLoggingService]:
    with LLMLoggingService.open(Settings(data_dir=tmp_path)) as service:
        service.finder.keep_index()
        for number in range(20):
            service.log_interaction(logged("lee", f"{CANARY} {number}"))
            service.log_interaction(logged("kim", f"other {number}"))
        until(lambda: service.health().spool.stored == 40, "all to be stored")
        until(lambda: service.search_logs("play").coverage.indexed, "the index")
        until(lambda: service.search_logs("play").total == 40, "the index to have all")
        yield service


def on_disk(directory: Path) -> list[str]:
    """Files below a directory that have the canary or the pseudonym in them, but for Redis's own."""
    return [
        str(path.relative_to(directory))
        for path in directory.rglob("*")
        if path.is_file() and "redis" not in path.parts and CANARY.encode() in path.read_bytes()
    ]


def test_nothing_is_left(service: LLMLoggingService, tmp_path: Path) -> None:
    """Not in the store, not on disk, not in the index that is built again; others keep theirs, counts stay."""
    assert on_disk(tmp_path)
    receipt = service.erase("lee")
    assert (receipt.logs, receipt.waiting, receipt.index, receipt.left) == (20, 0, True, [])
    assert receipt.spooled >= 20
    assert service.get_logs_by_user("lee") == []
    assert len(service.get_logs_by_user("kim")) == 20
    until(lambda: service.search_logs("play").coverage.indexed, "the index to be built again")
    assert service.search_logs("canary").logs == []
    assert service.search_logs("play").total == 20
    assert on_disk(tmp_path) == []
    assert service.statistics().total_queries == 40
    assert service.health().spool.dropped == {}
    again = service.erase("lee")
    assert (again.logs, again.left) == (0, [])


def test_late_logs_stay_out_and_new_ones_come(service: LLMLoggingService) -> None:
    """What was logged before and arrives after is not taken; what the person does afterwards is logged again."""
    pid_client = service.redis_client()
    pid_client.execute_command("CLIENT", "PAUSE", "600", "WRITE")
    for _ in range(5):
        service.log_interaction(logged("lee", "late"))
    time.sleep(0.01)
    service.erase("lee")
    until(lambda: not service.health().spool.spooled, "the late ones to be settled")
    assert service.get_logs_by_user("lee") == []
    health = service.health().spool
    assert health.accepted == health.stored + health.expired == 45
    service.log_interaction(logged("lee", "back again"))
    until(lambda: len(service.get_logs_by_user("lee")) == 1, "the new one")


def test_logs_that_wait_on_disk(tmp_path: Path) -> None:
    """A spool that nobody has delivered yet is told, and its logs of the person never reach the store."""
    settings = Settings(data_dir=tmp_path, ship=ShipSettings(in_process=False))
    with LLMLoggingService.open(settings) as service:
        service.log_interaction(logged("lee", CANARY))
        service.log_interaction(logged("kim", "other"))
        time.sleep(0.01)
        assert service.erase("lee").waiting == 1
        drainer = service.drainer()
        while drainer.run_once():
            pass
        drainer.release()
        assert [one.command for one in service.get_logs().logs] == ["play other"]


def test_dead_letters_go(service: LLMLoggingService, tmp_path: Path) -> None:
    """A log that Redis refused lies in a file; it goes, too, and that of another stays."""
    client = service.redis_client()
    entries = [logged("lee", CANARY), logged("kim", "other")]
    for number, entry in enumerate(entries):
        client.set(f"llm:log:poison-{number}", "a string where a hash belongs")
        service.log_interaction(
            LogEntry(
                id=f"poison-{number}", user_id=entry.user_id, command=entry.command, llm_request=entry.llm_request
            )
        )
    until(lambda: service.health().spool.dead_lettered == 2, "the dead letters")
    assert service.erase("lee").dead_letters == 1
    letters = b"".join(path.read_bytes() for path in (tmp_path / "dead-letters").iterdir())
    assert CANARY.encode() not in letters
    assert b"play other" in letters


def test_over_http(service: LLMLoggingService) -> None:
    """Export gives every log of the person as it is; erasing gives the receipt and tells the host."""
    forgotten: list[str] = []

    async def forget(user_id: str) -> int:
        forgotten.append(user_id)
        return 1

    with TestClient(create_admin(service, Dana(), forget=forget)) as client:
        pseudonym = service.pseudonym("lee")
        for named in ({"userId": "lee"}, {"pseudonym": pseudonym}):
            lines = client.post(f"{API}/export-user", json=named).content.splitlines()
            assert len(lines) == 20
        answer = client.post(f"{API}/erase", json={"userId": "lee"}).json()
        assert (answer["logs"], answer["left"], answer["host"], forgotten) == (20, [], 1, ["lee"])
        assert client.post(f"{API}/export-user", json={"userId": "lee"}).content == b""
        for bad in ({}, {"userId": ""}, {"userId": 7}, {"userId": "a", "pseudonym": "v1:abcdef"}):
            assert client.post(f"{API}/erase", json=bad).status_code == 422
        assert client.get(f"{API}/erase").status_code == 405
    with pytest.raises(BadRequest):
        service.erase(pseudonym="v1:abcdef012345")
    assert len(service.get_logs(QueryOptions(user_id="kim")).logs) == 20
