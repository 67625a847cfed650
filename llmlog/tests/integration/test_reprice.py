"""Pricing again what is stored: bodies, scalars and counters are exactly what they would be had it been known."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from stored_logs import KEYS, RETENTION_DAYS, StoredLogs, stored_logs, tomorrow_noon_ms

from llmlog import BadRequest, Cost, LLMLoggingService, LlmRequest, LlmResponse, LogEntry, Settings, Usage
from llmlog.clock import ManualClock, utc_day
from llmlog.cost.own_prices import OwnPrices
from llmlog.cost.pricing import Pricing
from llmlog.repricing import Choice, DayRepriced, Repricer
from llmlog.settings import CaptureSettings
from llmlog.store import BatchWriter, keys
from llmlog.store.codec import dictionary_number
from llmlog.store.keys import DAY_MS

PROMPT = "You are a disc jockey who knows every record ever pressed. " * 20
SONNET, O3, LOCAL, RARE = "anthropic/claude-sonnet-4", "openai/o3-pro", "local/rules-1", "acme/rare-1"
MODELS = (SONNET, O3, LOCAL, RARE)
REPORTED = Cost(usd=0.125, source="provider")


def logged(number: int, at_ms: int, cost: Cost | None = None, **more: Any) -> LogEntry:
    """A call with a prompt that is kept apart, of one model in turn."""
    usage = Usage(
        prompt_tokens=1000 + number, completion_tokens=50, total_tokens=1050 + number, cached_tokens=number % 900
    )
    fields = {
        "command": f"play something by artist {number}",
        "llm_request": LlmRequest(
            model=MODELS[number % len(MODELS)],
            flow="openrouter",
            messages=[{"role": "system", "content": PROMPT}, {"role": "user", "content": f"play {number}"}],
        ),
        "llm_response": LlmResponse(content=f"here is {number}", usage=usage, latency=12.5, cost=cost),
        **more,
    }
    return LogEntry(id=f"entry-{number:06d}", timestamp=at_ms, user_id=f"v1:{number % 7:032x}", **fields)


@pytest.fixture(name="logs")
def _logs(tmp_path: Path) -> Iterator[StoredLogs]:
    with stored_logs(tmp_path) as logs:
        yield logs


def repriced(logs: StoredLogs, choice: Choice | None = None, *, own: OwnPrices | None = None, dry: bool = False):  # type: ignore[no-untyped-def]
    """The counts of the days, summed."""
    return summed(list({day.day: day for day in repricer(logs, own).run(choice or Choice(), dry=dry)}.values()))


def repricer(logs: StoredLogs, own: OwnPrices | None = None) -> Repricer:
    """One on the same store, with published prices and a list."""
    service = logs.service
    return Repricer(service._reads.store, Pricing(own), service.settings.data_dir, logs.clock)


def summed(days: list[DayRepriced]) -> tuple[int, int, int]:
    """Logs looked at, changed, and the difference in 10⁻⁹ dollars."""
    assert all(day.done for day in days)
    return sum(day.looked_at for day in days), sum(day.changed for day in days), sum(day.nanousd for day in days)


def counters(logs: StoredLogs) -> dict[str, dict[str, int]]:
    """All counters of all days that are not 0."""
    days = keys.days_back(logs.now_ms + DAY_MS, RETENTION_DAYS + 3)
    found: list[Mapping[bytes, bytes]] = logs.service._reads.store.daily_counters(days)
    return {
        day: {name.decode(): int(value) for name, value in fields.items() if int(value)}
        for day, fields in zip(days, found, strict=True)
        if fields
    }


def scalars(logs: StoredLogs, ids: list[str]) -> list[dict[str, Any]]:
    """The readable half of some logs."""
    client = logs.service.redis_client()
    return [json.loads(client.hget(keys.log(entry_id), "s")) for entry_id in ids]


def entries(logs: StoredLogs) -> list[LogEntry]:
    """Logs over three days: most without a cost, some reported, one without usage, one a test."""
    made = [
        logged(number, logs.now_ms - number * 1_000_000, REPORTED if number % 11 == 0 else None)
        for number in range(210)
    ]
    made[7] = msgspec.structs.replace(made[7], llm_response=LlmResponse(content="no counts"))
    made[8] = msgspec.structs.replace(made[8], source="test")
    made[9] = msgspec.structs.replace(made[9], llm_response=None, status="error")
    return made


def test_as_if_it_had_been_known(logs: StoredLogs, tmp_path: Path) -> None:
    """Logs stored without prices and priced afterwards are, to the last counter, those stored with prices."""
    made = entries(logs)
    logs.write(made[:100])
    logs.writer.renew_dictionary()
    logs.write(made[100:])
    before_ms = [logs.service.redis_client().pttl(keys.log(entry.id)) for entry in made]
    looked_at, changed, nanousd = repriced(logs)
    assert looked_at == len(made)
    assert changed > 80 and nanousd > 0
    with stored_logs(tmp_path / "other", now_ms=logs.now_ms) as other:
        other.writer = BatchWriter(other.service._reads.connection, RETENTION_DAYS, other.clock, Pricing())
        other.write(made)
        ids = [entry.id for entry in made]
        assert counters(logs) == counters(other)
        known = [known_cost(entry) for entry in logs.service._reads.store.read_logs(ids)]
        assert known == [known_cost(entry) for entry in other.service._reads.store.read_logs(ids)]
        for mine, theirs in zip(scalars(logs, ids), scalars(other, ids), strict=True):
            assert {**mine, "size": 0} == {**theirs, "size": 0}
    sums = counters(logs).values()
    assert sum(day.get("log:cost:nanousd", 0) for day in sums) - nanousd == round(REPORTED.usd * 10**9) * 20  # type: ignore[operator]
    after_ms = [logs.service.redis_client().pttl(keys.log(entry.id)) for entry in made]
    assert all(0 < after <= before for before, after in zip(before_ms, after_ms, strict=True))


def known_cost(entry: LogEntry | None) -> LogEntry:
    """A log as it is told; a cost that says `unknown` is the same as none."""
    assert entry is not None
    response = entry.llm_response
    if response is None or response.cost is None or response.cost.usd is not None:
        return entry
    return msgspec.structs.replace(entry, llm_response=msgspec.structs.replace(response, cost=None))


def test_nothing_else_of_a_log_changes(logs: StoredLogs) -> None:
    """Prompts kept apart, messages and all fields but the cost are what they were; reported costs too."""
    made = entries(logs)
    logs.write(made[:50])
    logs.write(made[50:])
    repriced(logs)
    for before, after in zip(made, logs.service._reads.store.read_logs([entry.id for entry in made]), strict=True):
        assert after is not None
        if before.llm_response is None or before.llm_response.cost is not None:
            assert after == before
            continue
        assert after.llm_response is not None
        response = msgspec.structs.replace(after.llm_response, cost=None)
        assert msgspec.structs.replace(after, llm_response=response) == before
        priced = before.llm_request.model in (SONNET, O3) and before.llm_response.usage is not None
        assert (after.llm_response.cost is not None) == priced


def test_a_second_time_changes_nothing(logs: StoredLogs) -> None:
    """What is right is not written again: not a byte in Redis differs."""
    logs.write(entries(logs))
    repriced(logs)
    client = logs.service.redis_client()
    names = sorted(client.keys("llm:*"))
    before = [client.dump(name) for name in names]
    looked_at, changed, nanousd = repriced(logs)
    assert (looked_at, changed, nanousd) == (210, 0, 0)
    assert [client.dump(name) for name in names] == before


def test_a_dry_run_says_the_same_and_writes_nothing(logs: StoredLogs) -> None:
    """Its counts are those of the real run that follows."""
    logs.write(entries(logs))
    client = logs.service.redis_client()
    names = sorted(client.keys("llm:*"))
    before = [client.dump(name) for name in names]
    told = repriced(logs, dry=True)
    assert [client.dump(name) for name in names] == before
    assert told == repriced(logs)


def test_a_span_and_a_model(logs: StoredLogs) -> None:
    """Only the days and the model asked for are touched."""
    made = entries(logs)
    logs.write(made)
    today, yesterday = utc_day(logs.now_ms), utc_day(logs.now_ms - DAY_MS)
    of = {
        day: [entry for entry in made if utc_day(entry.timestamp) == day]
        for day in (today, yesterday)
    }  # fmt: skip
    assert repriced(logs, Choice(from_day=yesterday, to_day=yesterday, model=SONNET))[0] == len(
        [entry for entry in of[yesterday] if entry.llm_request.model == SONNET]
    )
    changed_days = {day for day, fields in counters(logs).items() if fields["log:cost:nanousd"] % 125_000_000}
    assert changed_days == {yesterday}
    assert repriced(logs, Choice(from_day=today))[0] == len(of[today])
    with pytest.raises(BadRequest, match="is after"):
        repriced(logs, Choice(from_day=today, to_day=yesterday))
    with pytest.raises(BadRequest, match="must be a day"):
        repriced(logs, Choice(from_day="today"))


def price_list(tmp_path: Path, text: str) -> OwnPrices:
    """A list of one's own."""
    path = tmp_path / "prices.toml"
    path.write_text(text)
    return OwnPrices.read(path)


def cost(logs: StoredLogs, number: int) -> Cost | None:
    """The cost a log has now."""
    found = logs.service.get_log(f"entry-{number:06d}")
    assert found is not None and found.llm_response is not None
    return found.llm_response.cost


def test_a_list_comes_and_goes(logs: StoredLogs, tmp_path: Path) -> None:
    """Its prices replace published and unknown ones; when it is gone, what it alone knew is unknown again."""
    logs.write([logged(number, logs.now_ms) for number in range(4)])
    repriced(logs)
    first = counters(logs)
    own = price_list(
        tmp_path,
        "".join(f'[[price]]\nmodel = "{model}"\ninput = 1000\noutput = 0\n' for model in (SONNET, RARE)),
    )
    assert repriced(logs, own=own)[1] == 2
    assert cost(logs, 0) == Cost(usd=1.0, source="override", price_version=own.version)
    assert cost(logs, 3) == Cost(usd=1.003, source="override", price_version=own.version)
    assert repriced(logs, own=own)[1] == 0
    assert repriced(logs)[1] == 2
    published, gone = cost(logs, 0), cost(logs, 3)
    assert published is not None and (published.source, published.usd) == ("prices", 0.00375)
    assert gone == Cost(usd=None, source="unknown")
    assert counters(logs) == first


def test_a_known_cost_does_not_become_unknown(logs: StoredLogs) -> None:
    """A model that this version of the prices does not know keeps what an earlier one said."""
    earlier = Cost(usd=0.5, source="prices", price_version="genai-prices 0.0.1")
    logs.write([logged(2, logs.now_ms, earlier), logged(3, logs.now_ms, earlier)])
    assert repriced(logs) == (2, 0, 0)
    assert cost(logs, 3) == earlier


def test_prices_of_an_earlier_version_are_brought_up_to_date(logs: StoredLogs) -> None:
    """The counters move by the difference, down too; an equal price keeps the version it came from."""
    logs.write([
        logged(0, logs.now_ms, Cost(usd=7.0, source="prices", price_version="genai-prices 0.0.1")),
        logged(4, logs.now_ms, Cost(usd=0.0037512, source="prices", price_version="genai-prices 0.0.1")),
    ])  # fmt: skip
    looked_at, changed, nanousd = repriced(logs)
    assert (looked_at, changed, nanousd) == (2, 1, 3_750_000 - 7_000_000_000)
    day = counters(logs)[utc_day(logs.now_ms)]
    assert (day["log:cost:nanousd"], day["log:cost:known"]) == (3_750_000 + 3_751_200, 2)
    kept = cost(logs, 4)
    assert kept is not None and kept.price_version == "genai-prices 0.0.1"


def test_reported_costs_only_with_all(logs: StoredLogs) -> None:
    """They stay; with `--all` those whose price is known are replaced, and no other."""
    logs.write([logged(number, logs.now_ms, REPORTED) for number in range(4)])
    assert repriced(logs)[1] == 0
    assert repriced(logs, Choice(reported=True))[1] == 2
    assert [one.source if (one := cost(logs, number)) else None for number in range(4)] == [
        "prices", "prices", "provider", "provider",
    ]  # fmt: skip


def test_what_changed_meanwhile_is_left_alone(logs: StoredLogs) -> None:
    """A log erased or changed after it was read is not written; counters move only for those that were."""
    logs.write([logged(number * 4, logs.now_ms) for number in range(3)])
    before = counters(logs)[utc_day(logs.now_ms)]
    amender = repricer(logs)._amender
    read = amender.read([f"entry-{number * 4:06d}" for number in range(3)])
    client = logs.service.redis_client()
    client.delete(keys.log("entry-000000"))
    wanted = Cost(usd=2.0, source="prices", price_version="x")
    assert amender.replace_costs([(read[2], Cost(usd=1.0, source="prices"))]) == [True]
    assert amender.replace_costs([(log, wanted) for log in read]) == [False, True, False]
    assert client.exists(keys.log("entry-000000")) == 0, "an erased log does not come back"
    assert [cost(logs, 4), cost(logs, 8)] == [wanted, Cost(usd=1.0, source="prices")]
    after = counters(logs)[utc_day(logs.now_ms)]
    assert after["log:cost:nanousd"] == 3 * 10**9
    assert (before["log:cost:unknown"], after["log:cost:unknown"], after["log:cost:known"]) == (3, 1, 2)


def test_counters_that_expired_are_not_made_again(logs: StoredLogs) -> None:
    """A day whose counters are gone gets none that would never expire."""
    logs.write([logged(0, logs.now_ms)])
    client = logs.service.redis_client()
    client.delete(keys.daily_statistics(utc_day(logs.now_ms)))
    assert repriced(logs)[1] == 1
    assert client.exists(keys.daily_statistics(utc_day(logs.now_ms))) == 0


def test_logs_that_cannot_be_read_are_passed_over(logs: StoredLogs) -> None:
    """Damaged bodies and logs of another writer neither stop it nor change."""
    logs.write([logged(number * 4, logs.now_ms) for number in range(3)])
    client = logs.service.redis_client()
    client.hset(keys.log("entry-000000"), "z", b"damaged")
    client.delete(keys.log("entry-000004"))
    client.hset(keys.log("entry-000004"), "_raw", msgspec.json.encode(logged(4, logs.now_ms)))
    client.expire(keys.log("entry-000004"), 60)
    before = [client.dump(keys.log(f"entry-{number:06d}")) for number in (0, 4)]
    assert repriced(logs)[:2] == (1, 1)
    assert [client.dump(keys.log(f"entry-{number:06d}")) for number in (0, 4)] == before


def test_beside_a_writer_no_count_is_lost(logs: StoredLogs) -> None:
    """While logs of the same day keep coming in, pricing runs over and over; at the end all sums are exact."""
    made = [logged(number * 4, logs.now_ms - number) for number in range(1200)]
    logs.write(made[:200])
    done = threading.Event()

    def come_in() -> None:
        for start in range(200, len(made), 20):
            logs.write(made[start : start + 20])
        done.set()

    thread = threading.Thread(target=come_in)
    thread.start()
    try:
        while not done.is_set():
            repriced(logs)
    finally:
        thread.join()
    repriced(logs)
    stored = logs.service._reads.store.read_logs([entry.id for entry in made])
    costs = [entry.llm_response.cost for entry in stored if entry is not None and entry.llm_response is not None]
    assert len([one for one in costs if one is not None and one.source == "prices"]) == len(made)
    day = counters(logs)[utc_day(logs.now_ms)]
    assert day["log:cost:nanousd"] == sum(round(one.usd * 10**9) for one in costs if one and one.usd is not None)
    assert (day["log:cost:known"], day.get("log:cost:unknown", 0)) == (len(made), 0)


def test_stopped_and_begun_again(logs: StoredLogs) -> None:
    """Wherever it is stopped, the rest is done the next time, nothing twice, and the index is thrown away."""
    logs.write(entries(logs))
    index = logs.service.settings.data_dir / "index"
    index.mkdir()
    under_way = repricer(logs).run(Choice())
    assert next(under_way).changed == 0, "tomorrow has no logs"
    while not next(under_way).changed:
        pass
    under_way.close()
    assert not index.exists(), "its costs are old"
    index.mkdir()
    repriced(logs)
    assert not index.exists()
    total = sum(day["log:cost:nanousd"] for day in counters(logs).values())
    stored = logs.service._reads.store.read_logs([f"entry-{number:06d}" for number in range(210) if number != 8])
    costs = [entry.llm_response.cost for entry in stored if entry is not None and entry.llm_response is not None]
    assert total == sum(round(one.usd * 10**9) for one in costs if one and one.usd is not None)


def test_the_index_goes_only_for_a_reason(logs: StoredLogs) -> None:
    """A run that changed nothing, or only looked, leaves the index; one after a kill does not."""
    logs.write([logged(2, logs.now_ms), logged(4, logs.now_ms)])
    data_dir = logs.service.settings.data_dir
    (data_dir / "index").mkdir()
    repriced(logs, dry=True)
    assert (data_dir / "index").exists()
    repriced(logs)
    assert not (data_dir / "index").exists()
    (data_dir / "index").mkdir()
    repriced(logs)
    assert (data_dir / "index").exists()
    (data_dir / "reprice.unfinished").touch()  # what a killed run leaves behind
    repriced(logs)
    assert not (data_dir / "index").exists()
    assert not (data_dir / "reprice.unfinished").exists()


def command(data_dir: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """`llmlog reprice` in a process of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "llmlog.cli.main", "reprice", *words],
        env={**kept, "LLMLOG_DATA_DIR": str(data_dir), "PYTHONWARNINGS": "error", **environ},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_the_command(tmp_path: Path) -> None:
    """It tells days, sums and what has no price, with exit codes; and the service then tells the cost."""
    clock = ManualClock(tomorrow_noon_ms() - DAY_MS)
    settings = Settings(data_dir=tmp_path, capture=CaptureSettings(pseudonym_keys=KEYS))
    with LLMLoggingService.open_reader(settings, clock) as service:
        logs = StoredLogs(service, clock)
        logs.write([logged(number, logs.now_ms - 3 * DAY_MS) for number in range(8)])
        day = utc_day(logs.now_ms - 3 * DAY_MS)
        dry = command(tmp_path, "--dry-run")
        assert (dry.returncode, dry.stderr) == (0, "")
        assert "8 logs looked at; 4 would have another cost, +$0.055621" in dry.stdout
        assert service.statistics(day, day).cost_usd is None
        done = command(tmp_path, "--from", day)
        assert (done.returncode, done.stderr) == (0, "")
        lines = done.stdout.splitlines()
        assert lines[0].startswith(f"{day}          8 logs          4 changed  +$0.055621")
        assert "4 have another cost" in lines[1]
        assert "genai-prices" in lines[1]
        assert lines[2].startswith("4 have no known price: ")
        assert f"{LOCAL} (2)" in lines[2] and f"{RARE} (2)" in lines[2]
        stats = service.statistics(day, day)
        assert stats.cost_usd == 0.0556212
        assert stats.cost_unknown == 4
        wrong = command(tmp_path, "--to", "yesterday")
        assert wrong.returncode == 2
        assert "must be a day" in wrong.stderr


def test_without_prices_it_says_what_to_install(logs: StoredLogs, tmp_path: Path) -> None:
    """A machine without the extra and without a list gets a sentence and exit code 2, not an idle run."""
    hidden = tmp_path / "hidden" / "genai_prices"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError('not installed')\n")
    done = command(tmp_path, PYTHONPATH=str(hidden.parent))
    assert done.returncode == 2
    assert "There are no prices: install llmlog[prices], or name a price list in LLMLOG_PRICES_FILE." in done.stderr


def test_bodies_stay_small(logs: StoredLogs) -> None:
    """A body that needs a dictionary is compressed with the same one; only the cost itself comes on top."""
    logs.write([logged(number * 4, logs.now_ms - number) for number in range(320)])
    logs.writer.renew_dictionary()
    late = [logged(number * 4, logs.now_ms - number) for number in range(320, 400)]
    logs.write(late)
    client = logs.service.redis_client()
    names = [keys.log(entry.id) for entry in late]
    before = [client.hget(name, "z") for name in names]
    assert repriced(logs)[1] == 400
    after = [client.hget(name, "z") for name in names]
    numbers = {dictionary_number(body) for body in before}
    assert 0 not in numbers
    assert {dictionary_number(body) for body in after} == numbers
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert sum(map(len, after)) < sum(map(len, before)) + 90 * len(late)


def test_the_search_index_follows(tmp_path: Path) -> None:
    """Where an index is kept, it finds and sums the new costs after a while."""
    clock = ManualClock(tomorrow_noon_ms())
    settings = Settings(data_dir=tmp_path, capture=CaptureSettings(pseudonym_keys=KEYS))
    with LLMLoggingService.open_reader(settings, clock) as service:
        logs = StoredLogs(service, clock)
        logs.write([logged(number, logs.now_ms) for number in range(40)])
        service.finder.keep_index()
        until(lambda: indexed(service, "play") == 40, "the index to have all")
        assert indexed(service, "has:cost") == 0
        repriced(logs)
        until(lambda: indexed(service, "has:cost") == 20, "the index to have the costs")


def indexed(service: LLMLoggingService, query: str) -> int | None:
    """How many logs the index finds; None while it is being built."""
    found = service.search_logs(query)
    return found.total if found.coverage.indexed else None


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something."""
    until_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until_s, what
        time.sleep(0.02)
