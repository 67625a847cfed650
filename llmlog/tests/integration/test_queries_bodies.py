"""Bodies come back whole: prompts and dictionaries kept apart, lost, retrained, forgotten by Redis."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient
from stored_logs import KEYS, StoredLogs, entry, stored_logs

from llmlog import Cost, ErrorInfo, LLMLoggingService, LlmRequest, LlmResponse, LogEntry, Result, Settings, Usage
from llmlog.admin import Viewer, create_admin
from llmlog.settings import CaptureSettings

PROMPT = "You are a DJ. Answer in JSON. " * 40
BATCH = 50
WORDS = [f"{a}{b}" for a in ("ja", "ro", "blu", "fun", "sou") for b in ("zz", "ck", "es", "k", "l", "nd", "ry")]


class Administrator:
    """Everybody is the administrator."""

    sign_in_url = "/sign-in"

    async def identify(self, connection: HTTPConnection) -> Viewer | None:
        return Viewer(user_id="", display_name="Dana", is_administrator=True)


@pytest.fixture(name="logs")
def _logs(tmp_path: Path) -> Iterator[StoredLogs]:
    with stored_logs(tmp_path) as logs:
        yield logs


def told(chance: random.Random, words: int) -> str:
    """Some words."""
    return " ".join(chance.choices(WORDS, k=words))


def full_entry(number: int, logs: StoredLogs, system: str, chance: random.Random) -> LogEntry:
    """An entry as an app logs it."""
    messages = [{"role": "system", "content": system}, {"role": "user", "content": told(chance, 12)}]
    return entry(
        number,
        logs.now_ms - number,
        command=told(chance, 8),
        llm_request=LlmRequest(model="model-a", messages=messages, provider="p", temperature=0.5),
        llm_response=LlmResponse(
            content=told(chance, 60),
            latency=100.0,
            usage=Usage(prompt_tokens=1, completion_tokens=2, total_tokens=3),
            cost=Cost(usd=0.5, source="prices"),
        ),
        interpretation={"intent": "play", "alternatives": told(chance, 30).split()},
        result=Result(success=True, message=told(chance, 6)),
    )


def write_all(logs: StoredLogs, entries: list[LogEntry]) -> list[int]:
    """Write them in batches as the shipper does; the numbers of the dictionaries they were packed with."""
    numbers: list[int] = []
    for start in range(0, len(entries), BATCH):
        logs.write(entries[start : start + BATCH])
        logs.writer.renew_dictionary()
        number = logs.writer._compressor.number
        if number not in numbers:
            numbers.append(number)
    return numbers


def read_back(logs: StoredLogs, entries: list[LogEntry]) -> list[LogEntry | None]:
    """The same entries, read by another process's eyes: nothing is in its caches."""
    settings = Settings(data_dir=logs.service.settings.data_dir, capture=CaptureSettings(pseudonym_keys=KEYS))
    with LLMLoggingService.open_reader(settings, logs.clock) as reader:
        return [reader.get_log(one.id) for one in entries]


def test_a_prompt_is_kept_once(logs: StoredLogs) -> None:
    """A system prompt seen before is kept once, by its content; every log reads whole."""
    chance = random.Random(1)
    entries = [full_entry(n, logs, PROMPT, chance) for n in range(20)]
    entries += [full_entry(n, logs, f"It is {n} o'clock. {PROMPT}", chance) for n in range(20, 30)]
    logs.write(entries)
    prompts = logs.service.redis_client(5).keys("llm:prompt:*")
    assert len(prompts) == 1
    assert logs.service.redis_client(5).get(prompts[0]).decode() == PROMPT
    assert read_back(logs, entries) == entries


def test_a_prompt_that_is_gone_says_so(logs: StoredLogs) -> None:
    """Where the kept prompt is gone, a visible note stands in its place; all else is there."""
    entries = [full_entry(n, logs, PROMPT, random.Random(n)) for n in range(2)]
    logs.write(entries)
    client = logs.service.redis_client(5)
    [name] = client.keys("llm:prompt:*")
    client.delete(name)
    digest = name.decode().removeprefix("llm:prompt:")
    first, second = logs.service.get_logs().logs
    assert first == entries[0], "the first one's stands in its own body"
    assert second.llm_request.messages[0]["content"] == f"[system prompt {digest} is no longer kept]"
    assert second.llm_response == entries[1].llm_response


def test_dictionaries_are_trained_and_old_logs_stay_readable(logs: StoredLogs) -> None:
    """Bodies soon share a dictionary, which saves room; when they change, another is trained; all stay readable."""
    chance = random.Random(2)
    ordinary = [full_entry(n, logs, PROMPT, chance) for n in range(1000)]
    first = write_all(logs, ordinary)
    assert first[-1] != 0
    client = logs.service.redis_client(5)
    sizes = [client.hstrlen(f"llm:log:{one.id}", "z") for one in (ordinary[20], ordinary[-1])]
    assert sizes[1] < sizes[0] * 0.8
    noise = [
        entry(n, logs.now_ms - n, command=chance.randbytes(900).hex(), llm_request=LlmRequest(model=f"m{n}"))
        for n in range(1000, 2600)
    ]
    later = write_all(logs, noise)
    assert len({*first, *later} - {0}) >= 2
    assert int(client.get("llm:dict:newest")) == later[-1]
    sample = [*ordinary[::97], *noise[::97]]
    assert read_back(logs, sample) == sample


def test_a_new_process_goes_on_with_the_newest_dictionary(logs: StoredLogs, tmp_path: Path) -> None:
    """Who starts later compresses with the dictionary that is there, from its first log."""
    chance = random.Random(3)
    write_all(logs, [full_entry(n, logs, PROMPT, chance) for n in range(400)])
    number = logs.writer._compressor.number
    assert number != 0
    with stored_logs(tmp_path) as later:
        assert later.writer._compressor.number == number
        one = full_entry(500, later, PROMPT, chance)
        later.write([one])
        assert logs.service.get_log(one.id) == one


def test_a_body_that_cannot_be_opened_says_so(logs: StoredLogs) -> None:
    """When its dictionary is gone or its body damaged, a log shows what is known by name, and says what is lost."""
    chance = random.Random(4)
    entries = [full_entry(n, logs, PROMPT, chance) for n in range(400)]
    number = write_all(logs, entries)[-1]
    failed = entry(900, logs.now_ms - 900, status="error", error=ErrorInfo(type="timeout", message="too slow"))
    logs.write([failed])
    client = logs.service.redis_client(5)
    client.delete(f"llm:dict:{number}")
    client.hset(f"llm:log:{entries[0].id}", "z", b"nonsense")
    lost, damaged, error = read_back(logs, [entries[399], entries[0], failed])
    assert lost is not None
    assert lost.truncated == [f"body lost: its compression dictionary {number} is no longer kept"]
    whole = entries[399]
    assert whole.llm_response is not None
    assert (lost.id, lost.timestamp, lost.command, lost.result) == (
        whole.id,
        whole.timestamp,
        whole.command,
        whole.result,
    )
    assert (lost.llm_request.model, lost.llm_request.temperature, lost.llm_request.messages) == ("model-a", 0.5, [])
    assert lost.llm_response is not None
    assert (lost.llm_response.usage, lost.llm_response.latency) == (whole.llm_response.usage, 100.0)
    assert lost.interpretation == {"intent": "play"}
    assert damaged is not None
    assert damaged.truncated == ["body lost: it is damaged"]
    assert error is not None
    assert (error.status, error.error, error.llm_response) == ("error", ErrorInfo(type="timeout", message=""), None)
    with TestClient(create_admin(logs.service, Administrator())) as http:
        page = http.get(f"/llmlog/logs/{entries[0].id}")
        assert (page.status_code, "Body lost: it is damaged." in page.text) == (200, True)


@pytest.mark.parametrize("payload", [b"", b"[]", b"{", b'{"p":[],"e":[]}', b'{"p":[],"e":{"command":"\xff"}}'])
def test_one_damaged_body_costs_only_itself(logs: StoredLogs, payload: bytes) -> None:
    """A list with a damaged body among its logs is read all the same, and searched."""
    entries = [full_entry(n, logs, PROMPT, random.Random(n)) for n in range(3)]
    logs.write(entries)
    logs.service.redis_client(5).hset(f"llm:log:{entries[1].id}", "z", zstandard.compress(payload))
    first, damaged, last = logs.service.get_logs().logs
    assert (first, last) == (entries[0], entries[2])
    assert (damaged.id, damaged.command) == (entries[1].id, entries[1].command)
    assert damaged.truncated == ["body lost: it is damaged"]
    assert [one.id for one in logs.service.search_logs(f'"{entries[0].command}"')] == [entries[0].id]


def test_after_losing_everything_the_store_goes_on(logs: StoredLogs) -> None:
    """After FLUSHALL the next batch brings its prompts and its dictionary again, and is read whole."""
    chance = random.Random(5)
    write_all(logs, [full_entry(n, logs, PROMPT, chance) for n in range(400)])
    assert logs.writer._compressor.number != 0
    logs.service.redis_client(5).flushall()
    assert logs.service.get_logs().logs == []
    later = [full_entry(n, logs, PROMPT, chance) for n in range(400, 500)]
    write_all(logs, later)
    assert read_back(logs, later) == later
    assert logs.service.statistics().total_queries == 100
    client = logs.service.redis_client(5)
    assert client.exists(f"llm:dict:{logs.writer._compressor.number}")
    assert client.exists("llm:dict:newest")
    assert all(client.pttl(name) > 0 for name in client.keys("llm:*"))
