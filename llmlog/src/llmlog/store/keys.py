"""Every Redis key of llmlog, its type and its meaning. Every one of them expires.

llm:log:{id}                 hash    s: JSON of the scalars by name, readable in redis-cli;
                                     z: the whole entry, zstd-compressed JSON. Expires at the entry's
                                     timestamp + LOG_RETENTION_DAYS
llm:logs:YYYY-MM-DD          zset    ids of one UTC day, scored by timestamp (ms). Expires at the end of
                                     its day + retention
llm:user:{pseudonym}:logs    zset    ids of one person, scored by timestamp; trimmed to the retention on
                                     every write, which also renews its expiry
llm:stats:daily:YYYY-MM-DD   hash    counters of one UTC day; ours begin with `log:` or `test:`. Expires
                                     like the day
llm:prompt:{hash}            string  a system prompt, by the first 32 hex digits of its SHA-256; expiry
                                     renewed by each batch that refers to it
llm:dict:{n}                 string  a zstd dictionary; n is its dictionary id; renewed likewise
llm:dict:newest              string  the n new bodies are compressed with
llm:erased:{pseudonym}       string  when a person was erased (ms): logs from before are no longer taken
llm:marker                   string  when the first batch came (ms); renewed by each. When it is gone, logs
                                     are too, and those still on disk are sent again
llm:events                   stream  {id} in order of arrival, capped at about 10,000
"""

from __future__ import annotations

from llmlog.clock import utc_day

EVENTS = "llm:events"
EVENTS_LENGTH = 10_000
NEWEST_DICTIONARY = "llm:dict:newest"
MARKER = "llm:marker"
DAY_MS = 24 * 3600 * 1000


def log(entry_id: str) -> str:
    """The hash of one entry."""
    return f"llm:log:{entry_id}"


def day(utc_date: str) -> str:
    """The sorted set of one UTC day, `YYYY-MM-DD`."""
    return f"llm:logs:{utc_date}"


def user(pseudonym: str) -> str:
    """The sorted set of one person."""
    return f"llm:user:{pseudonym}:logs"


def daily_statistics(utc_date: str) -> str:
    """The counters of one UTC day."""
    return f"llm:stats:daily:{utc_date}"


def erased(pseudonym: str) -> str:
    """The tombstone of an erased person."""
    return f"llm:erased:{pseudonym}"


def prompt(digest: str) -> str:
    """A system prompt by content."""
    return f"llm:prompt:{digest}"


def dictionary(number: int) -> str:
    """A compression dictionary."""
    return f"llm:dict:{number}"


def end_of_day_ms(timestamp_ms: int) -> int:
    """The end of the UTC day of a moment, ms since the epoch."""
    return (timestamp_ms // DAY_MS + 1) * DAY_MS


def days_back(now_ms: int, count: int) -> list[str]:
    """`count` UTC days, newest first, beginning with the day of `now_ms`."""
    return [utc_day(now_ms - back * DAY_MS) for back in range(count)]
