"""Finding in the terminal: as a person who knows only `llmlog --help`, in real processes."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from stored_logs import StoredLogs, entry, stored_logs

from llmlog import Attempt, ErrorInfo, LlmRequest, LlmResponse, LogEntry
from llmlog.capture.pseudonyms import PseudonymKeys
from llmlog.store.keys import DAY_MS

HOSTILE = "\x1b[31mred\u202e \r[bold]"


def llmlog(data_dir: Path, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "XDG_RUNTIME_DIR") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "llmlog.cli.main", *words],
        env={**kept, "LLMLOG_DATA_DIR": str(data_dir), "PYTHONWARNINGS": "error"},
        input=given,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def yesterday(number: int, logs: StoredLogs) -> int:
    """A moment of yesterday, UTC."""
    return logs.now_ms // DAY_MS * DAY_MS - DAY_MS // 2 + number


@pytest.fixture(name="data_dir", scope="module")
def _data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Logs of yesterday, of which a slow one failed, and of today."""
    data_dir = tmp_path_factory.mktemp("data")
    PseudonymKeys.load_or_create(data_dir)
    with stored_logs(data_dir, now_ms=time.time_ns() // 1_000_000) as logs:
        slow = LogEntry(
            id="the-slow-one",
            timestamp=yesterday(50, logs),
            session_id="v1:" + "ab" * 16,
            user_id="v1:" + "cd" * 16,
            command=f"play {HOSTILE}",
            llm_request=LlmRequest(model="gpt-5", messages=[{"role": "user", "content": "play"}]),
            llm_response=LlmResponse(latency=9_000.0),
            attempts=[Attempt(model="gpt-5", outcome="failed", error_type="timeout", message="no answer in 9 s")],
            error=ErrorInfo(type="timeout", message="no answer in 9 s"),
            status="error",
            stage="model",
        )
        others = [
            entry(
                number,
                yesterday(number, logs),
                session_id="v1:" + "ab" * 16 if number < 3 else "v1:" + "ef" * 16,
                command=f"play song {number}",
                llm_request=LlmRequest(model="gpt-5" if number % 2 else "claude-sonnet-4"),
                llm_response=LlmResponse(latency=100.0 * number + 1),
                status="error" if number in (5, 6) else "ok",
            )
            for number in range(10)
        ]
        logs.write([slow, *others, entry(99, logs.now_ms - 1000, command="today", status="error")])
        yield data_dir


def test_a_newcomer_finds_the_slowest_failure(data_dir: Path) -> None:
    """With what the help shows: the slowest failed call of yesterday, why it failed, its conversation as a file."""
    assert "--sort latency" in " ".join(llmlog(data_dir, "--help").stdout.split())
    failed = "status:error since:yesterday until:yesterday"
    told = llmlog(data_dir, "search", failed, "--sort", "latency", "-n", "1")
    assert told.returncode == 0
    assert "among 3 that match" in told.stderr
    found = told.stdout.split()[-1]
    assert found == "the-slow-one"
    shown = llmlog(data_dir, "show", found)
    assert "no answer in 9 s" in shown.stdout
    session = json.loads(llmlog(data_dir, "show", found, "--json").stdout)["sessionId"]
    turns = llmlog(data_dir, "conversations", "--session", session)
    assert [line.split()[-1] for line in turns.stdout.splitlines()][-1] == "the-slow-one"
    assert len(turns.stdout.splitlines()) == 4
    file = data_dir.parent / "conversation.jsonl"
    assert llmlog(data_dir, "export", f"session:{session}", "-o", str(file)).returncode == 0
    assert len(file.read_text().splitlines()) == 4


def test_stats_of_a_query(data_dir: Path) -> None:
    """A row for each value, and one for all; `--json` has the same."""
    told = llmlog(data_dir, "stats", "since:yesterday", "until:yesterday", "--by", "model")
    rows = {line.split()[0]: line.split()[1:3] for line in told.stdout.splitlines()[1:-1]}
    assert rows == {"gpt-5": ["6", "2"], "claude-sonnet-4": ["5", "1"], "all": ["11", "3"]}
    body = json.loads(llmlog(data_dir, "stats", "until:yesterday", "--by", "model", "--json").stdout)
    assert body["total"]["count"] == 11
    assert "invalid choice" in llmlog(data_dir, "stats", "--by", "colour").stderr


def test_conversations_by_their_newest_log(data_dir: Path) -> None:
    """Newest first, with turns and failures."""
    told = llmlog(data_dir, "conversations", "until:yesterday")
    assert [line.split()[-1] for line in told.stdout.splitlines()] == ["v1:" + "ab" * 16, "v1:" + "ef" * 16]
    assert "1 failed" in told.stdout.splitlines()[0]


def test_a_fault_is_marked(data_dir: Path) -> None:
    """Exit code 2, the sentence, the place, and what was probably meant; nothing on stdout."""
    for command in ("search", "tail", "stats", "export", "conversations"):
        told = llmlog(data_dir, command, "jazz", "modl:x")
        assert (told.returncode, told.stdout) == (2, "")
        lines = told.stderr.splitlines()
        assert lines[0].startswith("There is no field “modl”.")
        assert lines[1:] == ["  jazz modl:x", "       ^^^^", "Perhaps: jazz model:x"]


def test_export_leaves_no_half_file(data_dir: Path, tmp_path: Path) -> None:
    """A file that cannot be written is a sentence; one that is there is replaced as a whole."""
    told = llmlog(data_dir, "export", "-o", str(tmp_path / "nowhere" / "logs.csv"), "--format", "csv")
    assert told.returncode == 2
    assert "cannot be written: No such file or directory." in told.stderr
    path = tmp_path / "logs.csv"
    path.write_text("old")
    told = llmlog(data_dir, "export", "-o", str(path), "--format", "csv")
    assert (told.returncode, told.stderr) == (0, "12 logs exported.\n")
    assert len(list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))) == 12
    assert [each.name for each in tmp_path.iterdir()] == ["logs.csv"]
    assert llmlog(data_dir, "export", "nothing-like-it").returncode == 1


def test_nothing_hostile_reaches_the_terminal(data_dir: Path) -> None:
    """Control characters of logged text are shown, never sent, by every command that prints logs."""
    for words in (
        ["search", "id:the-slow-one"],
        ["tail", "--no-follow", "-n", "50"],
        ["show", "the-slow-one"],
        ["conversations", "--session", "v1:" + "ab" * 16],
    ):
        told = llmlog(data_dir, *words)
        assert "\\e[31mred\\u{202e} \\r[bold]" in told.stdout, words
        assert not {"\x1b", "\u202e", "\r"} & set(told.stdout)


def test_erasing_asks_first(tmp_path: Path) -> None:
    """Without a yes nothing happens; with it the person's logs are gone and the receipt says so."""
    with stored_logs(tmp_path, now_ms=time.time_ns() // 1_000_000) as logs:
        pseudonym = logs.service.pseudonym("lee")
        logs.write(entry(number, logs.now_ms - number - 1, user_id=pseudonym) for number in range(3))
        told = llmlog(tmp_path, "erase", "--pseudonym", pseudonym, given="no\n")
        assert (told.returncode, len(logs.service.get_logs().logs)) == (1, 3)
        told = llmlog(tmp_path, "erase", "--pseudonym", pseudonym, "--yes")
        assert told.returncode == 0
        assert "3 logs and 0 dead letters erased." in told.stdout
        assert logs.service.get_logs().logs == []
