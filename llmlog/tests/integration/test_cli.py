"""The command line as processes of its own: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from llmlog import (
    Attempt,
    ErrorInfo,
    LLMLoggingService,
    LlmRequest,
    LlmResponse,
    LogEntry,
    Result,
    Settings,
    Step,
)
from llmlog.store import EmbeddedServer

COMMANDS = [
    "tail", "show", "search", "stats", "conversations", "export", "import", "erase", "reprice", "doctor", "serve",
    "drain",
]  # fmt: skip
DONE, FAILED, USAGE, STORE_AWAY = 0, 1, 2, 3
HOSTILE = "\x1b[2J\u202eevil\nsecond line"
TOKEN = "a-token-of-the-test"


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """Ours only: nothing of the machine's settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "XDG_RUNTIME_DIR") if name in os.environ}
    return {**kept, "LLMLOG_DATA_DIR": str(data_dir), "PYTHONWARNINGS": "error", **more}


def llmlog(data_dir: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "llmlog.cli.main", *words],
        env=environment(data_dir, **more),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def until(condition: Callable[[], object]) -> None:
    """Wait for something."""
    until_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.01)


@pytest.fixture(name="data_dir", scope="module")
def _data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory with three logs, and a service that keeps its server running."""
    path = tmp_path_factory.mktemp("data")
    now_ms = time.time_ns() // 1_000_000
    with LLMLoggingService.open(Settings(data_dir=path)) as service:
        messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": HOSTILE}]
        service.log_interaction(
            LogEntry(
                id="entry-000001",
                timestamp=now_ms - 3000,
                command="play jazz",
                llm_request=LlmRequest(model="model-a", messages=messages),
                llm_response=LlmResponse(content='{"intent":"play"}', latency=1234.0),
                attempts=[
                    Attempt(model="model-b", outcome="failed", error_type="timeout", message="too slow"),
                    Attempt(model="model-a", latency=900.0),
                ],
                steps=[Step(name="parse", duration_ms=1.5)],
                result=Result(success=True, message="Playing Kind of Blue"),
                status="fallback",
            )
        )
        service.log_interaction(
            LogEntry(
                id="entry-000002",
                timestamp=now_ms - 2000,
                command=HOSTILE,
                llm_request=LlmRequest(model=HOSTILE),
                error=ErrorInfo(type="auth", message=HOSTILE),
                status="error",
            )
        )
        service.log_interaction(
            LogEntry(
                id="entry-000003", timestamp=now_ms - 1000, command="rock", llm_request=LlmRequest(model="model-a")
            )
        )
        until(lambda: service.get_logs().pagination.total == 3)
        yield path


def test_every_command_explains_itself(tmp_path: Path) -> None:
    """`--help` of the program and of every command works without any setting, and starts nothing."""
    whole = llmlog(tmp_path, "--help")
    assert (whole.returncode, whole.stderr) == (DONE, "")
    for command in COMMANDS:
        assert command in whole.stdout
        told = llmlog(tmp_path, command, "--help", LLMLOG_SPOOL_FSYNC="nonsense")
        assert (told.returncode, told.stderr) == (DONE, "")
        assert told.stdout.startswith(f"usage: llmlog {command}")
    assert list(tmp_path.iterdir()) == []


def test_tail_prints_the_newest(data_dir: Path) -> None:
    """The newest logs, oldest first, one line each, with what could move the cursor made visible."""
    told = llmlog(data_dir, "tail", "-n", "2", "--no-follow")
    assert (told.returncode, told.stderr) == (DONE, "")
    first, second = told.stdout.splitlines()
    assert first.startswith("✕ ")
    assert first.endswith("  entry-000002")
    assert "\\e[2J\\u{202e}evil\\nsecond line" in first
    assert second.split("  ")[1:] == ["model-a", "–", "rock", "entry-000003"]


def test_tail_follows(tmp_path: Path) -> None:
    """New logs come as they arrive, each once; TERM and Ctrl-C end it well."""
    with LLMLoggingService.open(Settings(data_dir=tmp_path)) as service:
        for number in (signal.SIGTERM, signal.SIGINT):
            with subprocess.Popen(
                [sys.executable, "-m", "llmlog.cli.main", "tail", "--json"],
                env=environment(tmp_path),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ) as process:
                assert process.stdout is not None
                for _ in range(2):
                    service.log_interaction(LogEntry(command=number.name, llm_request=LlmRequest(model="m")))
                commands: list[str] = []
                while commands.count(number.name) < 2:
                    commands.append(json.loads(process.stdout.readline())["command"])
                    if commands[-1] == number.name and commands.count(number.name) == 1:
                        time.sleep(0.6)  # it has looked at least twice
                process.send_signal(number)
                rest, stderr = process.communicate(timeout=20)
                assert (process.returncode, rest, stderr) == (DONE, "", "")


def test_show_tells_the_story(data_dir: Path) -> None:
    """Messages, answer, attempts, steps, result; `--json` is the whole log."""
    told = llmlog(data_dir, "show", "entry-000001")
    assert (told.returncode, told.stderr) == (DONE, "")
    lines = told.stdout.splitlines()
    assert lines[0].startswith("↩ ")
    assert "1,234 ms" in lines[0]
    for wanted in (
        "[system]",
        "Be kind.",
        "[user]",
        "\\e[2J\\u{202e}evil",
        "[answer]",
        "attempt  model-b  failed  – timeout: too slow",
        "attempt  model-a  ok  900 ms",
        "step     parse  1.5 ms",
        "result   Playing Kind of Blue",
    ):
        assert wanted in lines
    assert "\x1b" not in told.stdout
    whole = json.loads(llmlog(data_dir, "show", "entry-000001", "--json").stdout)
    assert whole["llmRequest"]["messages"][1]["content"] == HOSTILE
    assert whole["result"] == {"success": True, "message": "Playing Kind of Blue"}


def test_search_tells_how_far_it_looked(data_dir: Path) -> None:
    """What was found on stdout, the coverage on stderr; nothing found is an exit code of its own."""
    found = llmlog(data_dir, "search", "kind", "blue", "--json")
    assert found.returncode == DONE
    assert json.loads(found.stdout)["id"] == "entry-000001"
    assert found.stderr == "1 found. Searched 3 of 3 logs.\n"
    missing = llmlog(data_dir, "search", "mingus")
    assert (missing.returncode, missing.stdout) == (FAILED, "")
    assert missing.stderr == "0 found. Searched 3 of 3 logs.\n"


def test_stats_count(data_dir: Path) -> None:
    """Counts as lines of words, and as JSON."""
    told = llmlog(data_dir, "stats")
    assert told.returncode == DONE
    rows = [line.split() for line in told.stdout.splitlines()]
    assert ["total", "queries", "3"] in rows
    assert ["model", "distribution", "model-a", "2"] in rows
    assert ["cost", "usd", "–"] in rows
    assert "\x1b" not in told.stdout
    stats = json.loads(llmlog(data_dir, "stats", "--days", "2", "--json").stdout)
    assert stats["statusDistribution"] == {"error": 1, "fallback": 1, "ok": 1}


def test_doctor_finds_everything_in_order(data_dir: Path) -> None:
    """With all well, every line is ok and so is the exit code."""
    told = llmlog(data_dir, "doctor")
    assert (told.returncode, told.stderr) == (DONE, "")
    assert {line.split()[0] for line in told.stdout.splitlines()} == {"ok"}
    assert "Redis answers: embedded (" in told.stdout
    assert "3 accepted = 3 stored + 0 on disk" in told.stdout


def test_doctor_says_what_to_do(tmp_path: Path) -> None:
    """What is wrong makes the exit code 1, and each line says what to type."""
    llmlog(tmp_path, "doctor")
    (tmp_path / "pseudonym.keys").chmod(0o644)
    told = llmlog(tmp_path, "doctor", LLMLOG_REDIS_URL="redis://:hunter2hunter2@127.0.0.1:1/0")
    assert told.returncode == FAILED
    assert f"chmod 600 {tmp_path / 'pseudonym.keys'}" in told.stdout
    assert (
        "Redis does not answer: 127.0.0.1:1 (ConnectionError). Start it, or correct LLMLOG_REDIS_URL" in told.stdout
    )
    assert "hunter2" not in told.stdout + told.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["tail"],
        ["show", "entry-000001"],
        ["search", "jazz"],
        ["stats"],
        ["stats", "jazz", "--by", "model"],
        ["conversations"],
        ["export", "jazz"],
        ["erase", "--user", "lee", "--yes"],
        ["drain", "--resend", "1m"],
    ],
)
def test_a_store_that_is_away_has_its_own_exit_code(tmp_path: Path, words: list[str]) -> None:
    """Exit code 3 and the sentence of every other place; nothing on stdout that looks like an answer."""
    told = llmlog(tmp_path, *words, LLMLOG_REDIS_URL="redis://127.0.0.1:1/0")
    assert told.returncode == STORE_AWAY
    assert told.stderr.startswith("The log store is not answering since ")
    assert "0 logs are safe on disk." in told.stderr
    assert "`llmlog doctor` tells more." in told.stderr
    assert "Traceback" not in told.stderr
    assert told.stdout == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["nonsense"], "invalid choice: 'nonsense'"),
        (["show"], "required: id"),
        (["show", "a b"], "“a b” is not the id of a log."),
        (["tail", "-n", "x"], "invalid int value: 'x'"),
        (["tail", "-n", "0"], "limit must be from 1 to 500, not 0."),
        (["search", "-n", "501", "x"], "limit must be from 1 to 500, not 501."),
        (["search", "modl:m"], "There is no field “modl”. Did you mean model:?"),
        (["stats", "--days", "0"], "--days must be from 1 to 3650, not 0."),
        (["drain", "--resend", "yesterday"], "“yesterday” is no time."),
        (["serve"], "LLMLOG_ADMIN_TOKEN is not set."),
        (["serve", "--port", "70000"], "port must be from 0 to 65535, not 70000."),
    ],
)
def test_words_that_are_off_get_a_sentence(data_dir: Path, words: list[str], said: str) -> None:
    """Exit code 2 and one sentence, never a traceback."""
    told = llmlog(data_dir, *words)
    assert (told.returncode, told.stdout) == (USAGE, "")
    assert said in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("LOG_RETENTION_DAYS", "soon"), ("LLMLOG_REDIS_URL", "http://x"), ("LLMLOG_DATA_DIR", "relative")],
)
def test_settings_that_are_off_get_a_sentence(tmp_path: Path, name: str, value: str) -> None:
    """A setting that cannot be used: exit code 2 and one line that names it."""
    told = llmlog(tmp_path, "stats", **{name: value})
    assert (told.returncode, told.stdout) == (USAGE, "")
    [line] = told.stderr.splitlines()
    assert line.startswith(f"{name} ")
    assert f"Example: {name}=" in line


def test_a_broken_key_file_gets_a_sentence(tmp_path: Path) -> None:
    """A key file that cannot be used is named, and not overwritten."""
    keys = tmp_path / "pseudonym.keys"
    keys.write_text("nonsense\n")
    told = llmlog(tmp_path, "stats")
    assert (told.returncode, told.stdout) == (USAGE, "")
    assert str(keys) in told.stderr
    assert keys.read_text() == "nonsense\n"


def test_a_reader_that_leaves_is_no_error(data_dir: Path) -> None:
    """`llmlog … | head` ends quietly."""
    reading, writing = os.pipe()
    os.close(reading)
    for words in (["tail", "--no-follow"], ["show", "entry-000001"], ["stats"]):
        run = subprocess.run(
            [sys.executable, "-m", "llmlog.cli.main", *words],
            env=environment(data_dir),
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
        assert (run.returncode, run.stderr) == (DONE, b""), words
    os.close(writing)


def test_a_terminal_without_unicode_is_no_error(data_dir: Path) -> None:
    """Where the terminal cannot show a sign, another stands for it."""
    told = llmlog(data_dir, "tail", "--no-follow", PYTHONIOENCODING="ascii")
    assert (told.returncode, told.stderr) == (DONE, "")
    assert "entry-000001" in told.stdout
    assert llmlog(data_dir, "--help", PYTHONIOENCODING="ascii").returncode == DONE


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_opens_the_pages_and_ends_well(tmp_path: Path, number: signal.Signals) -> None:
    """`llmlog serve` answers with the token only; a signal ends it, and with it the embedded server."""
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "llmlog.cli.main", "serve", "--port", str(port)],
        env=environment(tmp_path, LLMLOG_ADMIN_TOKEN=TOKEN),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"Logs on http://127.0.0.1:{port}/llmlog\n"
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
            until(lambda: listening(port))
            assert client.get("/llmlog/logs").status_code == 401
            client.headers["authorization"] = f"Bearer {TOKEN}"
            assert client.get("/llmlog/logs").status_code == 200
            assert client.get("/api/llm-logs/recent").json()["logs"] == []
        started_s = time.monotonic()
        process.send_signal(number)
        _, stderr = process.communicate(timeout=20)
        assert time.monotonic() - started_s < 5
        assert (process.returncode, stderr) == (DONE, "")
    server = EmbeddedServer(tmp_path)
    assert server.pid is None
    assert not server.socket_path.parent.exists()


def listening(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_serve_says_that_its_port_is_taken(data_dir: Path) -> None:
    """A port that is taken is said in words, with an exit code that is not 0."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        told = llmlog(data_dir, "serve", "--port", port, LLMLOG_ADMIN_TOKEN=TOKEN)
    assert told.returncode == FAILED
    assert "address already in use" in told.stderr
    assert "Traceback" not in told.stderr
