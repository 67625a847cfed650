"""DJ Forge while its Redis hangs or is killed: music goes on, the logs say since when, everything comes back."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from web_serving import Serving, eventually, hung, serving

COMMAND = "/api/llm/simple/command"
LOG_ROUTES = [
    "/api/llm-logs/recent",
    "/api/llm-logs/search?q=jazz",
    "/api/llm-logs/stats",
    "/api/llm-logs/my-logs",
    "/api/llm-logs/by-date?date=2026-11-23",
]
LOG_PAGES = ["/llmlog/logs", "/llmlog/mine", "/llmlog/logs?q=jazz"]
SENTENCE = re.compile(
    r"The log store is not answering since \d\d:\d\d UTC(?:: [a-z ]+)?\. (\d+) logs? (is|are) safe on disk\."
)


@pytest.fixture(name="app")
def _app(tmp_path: Path) -> Iterator[Serving]:
    with serving(tmp_path) as app:
        yield app


@contextmanager
def killed(app: Serving) -> Iterator[None]:
    """The embedded server is killed and cannot be started again for a while."""
    program = app.data_dir / "redis"
    away = app.data_dir / "redis-away"
    os.kill(app.redis_pid, signal.SIGKILL)
    program.rename(away)
    program.write_text("in the way")
    try:
        yield
    finally:
        program.unlink()
        away.rename(program)


def commands(client: httpx2.Client) -> list[str]:
    """The commands of the newest logs."""
    answer = client.get("/api/llm-logs/recent")
    return [entry["command"] for entry in answer.json()["logs"]] if answer.status_code == 200 else []


def health(client: httpx2.Client) -> dict[str, object]:
    """What DJ Forge says of itself."""
    answer = client.get("/api/health")
    assert answer.status_code == 200
    told: dict[str, object] = answer.json()
    return told


def goes_on(app: Serving, dana: httpx2.Client) -> str:
    """Sign-in, chat, buttons and health work; the id of the log that a command leaves."""
    told = dana.post(COMMAND, json={"command": "play some jazz"}).json()
    assert (told["success"], told["interpretation"]["model"]) == (True, "local/rules-1")
    assert dana.post("/api/control/pause").json()["success"] is True
    assert [item["command"] for item in dana.get("/api/llm/simple/history").json()["history"]][
        -1
    ] == "play some jazz"
    lee = app.signed_in("lee")
    assert lee.post(COMMAND, json={"command": "pause"}).json()["success"] is True
    assert health(dana) | {"timestamp": ""} == {
        "status": "ok",
        "timestamp": "",
        "sessionStore": "memory",
        "redis": False,
    }
    log_id: str = told["logId"]
    return log_id


def logs_say_so(dana: httpx2.Client, at_least: int, routes: list[str], pages: list[str]) -> None:
    """The log pages and routes say that the store is away and what is safe, instead of giving an empty list."""
    for path in routes:
        answer = dana.get(path)
        assert answer.status_code == 503, path
        error = answer.json()["error"]
        told = SENTENCE.fullmatch(error["message"])
        assert error["code"] == "store_unavailable"
        assert told is not None, error["message"]
        assert int(told[1]) >= at_least
    for path in pages:
        page = dana.get(path, headers={"accept": "text/html"})
        assert page.status_code == 503, path
        assert SENTENCE.search(page.text), path
    page = dana.get("/llmlog/health", headers={"accept": "text/html"})
    assert page.status_code == 200


@pytest.mark.parametrize("how", ["hangs", "is killed"])
def test_music_goes_on_without_redis(app: Serving, how: str) -> None:
    """With Redis hung or killed sign-in, chat and health go on and the logs say so; once it is back, every log and
    every session of that time is there."""
    dana = app.signed_in("dana")
    first = dana.post(COMMAND, json={"command": "play so what"}).json()["logId"]
    eventually(lambda: app.log.get_log(first))
    with hung(app.redis_pid) if how == "hangs" else killed(app):
        log_id = goes_on(app, dana)
        # A hung server uses up each reader's time limit of 2 s; one of each kind is enough there.
        few = 1 if how == "hangs" else None
        logs_say_so(dana, 2, LOG_ROUTES[:few], LOG_PAGES[:few])
    eventually(lambda: health(dana)["redis"], 30)
    eventually(lambda: {"play so what", "play some jazz", "pause"} <= set(commands(dana)), 30)
    assert dana.get(f"/api/llm-logs/{log_id}").json()["command"] == "play some jazz"
    history = [item["command"] for item in dana.get("/api/llm/simple/history").json()["history"]]
    assert history == ["play so what", "play some jazz"]
    assert health(dana)["sessionStore"] == "redis"


def test_who_signed_out_meanwhile_stays_out(app: Serving) -> None:
    """A session that was ended while Redis hung is dead at once, and still when Redis is back."""
    dana = app.signed_in("dana")
    cookie = dana.cookies["djforge_session"]
    with hung(app.redis_pid):
        assert dana.post("/api/auth/logout").status_code == 200
        dana.cookies.set("djforge_session", cookie, domain="127.0.0.1")
        assert dana.get("/api/auth/status").json() == {"authenticated": False}
    eventually(lambda: health(dana)["redis"], 30)
    assert dana.get("/api/auth/status").json() == {"authenticated": False}


def test_nobody_waits_long_for_a_hung_redis(app: Serving) -> None:
    """With Redis hung, one request waits for the time limit; those after it do not."""
    dana = app.signed_in("dana")
    with hung(app.redis_pid):
        dana.post("/api/control/pause")
        began_s = time.monotonic()
        for _ in range(5):
            assert dana.post("/api/control/pause").status_code == 200
        assert time.monotonic() - began_s < 1.5
