"""Taking logs in: what was exported comes back as it was, once; what is no log is told and stops nothing."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
from stored_logs import DAY_MS, StoredLogs, entry, stored_logs

from llmlog import LlmRequest, LlmResponse, LogEntry
from llmlog.importing import Imported
from llmlog.query.export import json_lines

PSEUDONYM = "v1:" + "ab" * 16


def taken(logs: StoredLogs, lines: bytes) -> Imported:
    """Import and give the last counts."""
    return list(logs.service.importer().take(io.BytesIO(lines)))[-1]


def imported(data_dir: Path, file: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "llmlog.cli.main", "import", file],
        env={**kept, "LLMLOG_DATA_DIR": str(data_dir)},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_export_comes_back(tmp_path: Path) -> None:
    """Every log as it was, with id, time, pseudonyms and source; again, and nothing changes."""
    with stored_logs(tmp_path / "one", now_ms=time.time_ns() // 1_000_000) as one:
        entries = [
            entry(
                number, one.now_ms - number * 60_000, user_id=PSEUDONYM, source="test" if number == 3 else "chat",
                llm_response=LlmResponse(content=f"answer {number}", latency=12.5),
            )
            for number in range(450)
        ]  # fmt: skip
        one.write(entries)
        exported = b"".join(json_lines(one.service.finder.matching(one.service.finder.parse(""))))
        statistics = one.service.statistics()
    with stored_logs(tmp_path / "other", now_ms=one.now_ms) as other:
        counts = taken(other, exported)
        assert (counts.read, counts.fresh, counts.known, counts.faults) == (450, 450, 0, [])
        assert list(other.service.finder.matching(other.service.finder.parse(""))) == entries
        assert other.service.statistics() == statistics
        counts = taken(other, exported)
        assert (counts.read, counts.fresh, counts.known) == (450, 0, 450)
        assert other.service.statistics() == statistics


def test_what_others_wrote_is_made_safe(tmp_path: Path) -> None:
    """A raw id becomes a pseudonym and a secret is masked, as when logging."""
    with stored_logs(tmp_path, now_ms=time.time_ns() // 1_000_000) as logs:
        raw = LogEntry(
            id="from-elsewhere",
            timestamp=logs.now_ms - 1000,
            user_id="lee@example.org",
            command="my key is sk-" + "a1B2" * 8,
            llm_request=LlmRequest(model="m"),
        )
        assert taken(logs, msgspec.json.encode(raw) + b"\n").fresh == 1
        (kept,) = logs.service.get_logs_by_user("lee@example.org")
        assert kept.user_id == logs.service.pseudonym("lee@example.org")
        assert "a1B2" not in (kept.command or "")


def test_lines_that_are_no_logs(tmp_path: Path) -> None:
    """Each is told with its number; the others are taken, and what is too old is counted."""
    with stored_logs(tmp_path, now_ms=time.time_ns() // 1_000_000) as logs:
        good = [entry(number, logs.now_ms - number - 1) for number in range(3)]
        old = entry(9, logs.now_ms - 91 * DAY_MS)
        lines = [
            msgspec.json.encode(good[0]),
            b"{",
            b"",
            b"[1, 2]",
            msgspec.json.encode(good[1]),
            b'{"id": "x"}',
            b"\xff",
            msgspec.json.encode(old),
            msgspec.json.encode(good[2]),
        ]
        counts = taken(logs, b"\n".join(lines))
        assert [number for number, _ in counts.faults] == [2, 4, 6, 7]
        assert (counts.read, counts.fresh, counts.too_old) == (8, 3, 1)


def test_in_the_terminal(tmp_path: Path) -> None:
    """`llmlog import`: counts on stdout, faults by line on stderr, exit code 1 when there were any."""
    line = msgspec.json.encode(entry(1, time.time_ns() // 1_000_000 - 1000)).decode()
    for given, code, words in ((line, 0, "1 logs read: 1 new"), (f"{line}\nnonsense\n", 1, "1 there already")):
        told = imported(tmp_path, "-", given)
        assert (told.returncode, words in told.stdout) == (code, True), told
    assert told.stderr.startswith("line 2: ")
    missing = imported(tmp_path, str(tmp_path / "none"))
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "cannot be read: No such file or directory." in missing.stderr
