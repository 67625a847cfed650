"""Figures and moments as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime

STATUS_WORDS = {"ok": "OK", "fallback": "Fallback", "error": "Error"}


def duration(ms: float | None) -> str:
    """`840 ms`, `1.84 s`; a dash where it is not known."""
    if ms is None:
        return "–"
    if ms < 1:
        return f"{ms:.2f} ms"
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.2f} s"


def ago(timestamp_ms: int, now_ms: int) -> str:
    """`25 s`, `3 min`, `2 h`, `5 d` before now."""
    seconds = max(0, (now_ms - timestamp_ms) // 1000)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def clock_time(timestamp_ms: int) -> str:
    """`14:32:07.412`, UTC."""
    return f"{_utc(timestamp_ms):%H:%M:%S}.{timestamp_ms % 1000:03d}"


def full_time(timestamp_ms: int) -> str:
    """`23 Nov 2026, 14:32:07.412 UTC`."""
    return f"{_utc(timestamp_ms):%-d %b %Y, %H:%M:%S}.{timestamp_ms % 1000:03d} UTC"


def iso(timestamp_ms: int) -> str:
    """For `<time datetime>`."""
    return f"{_utc(timestamp_ms):%Y-%m-%dT%H:%M:%S}.{timestamp_ms % 1000:03d}Z"


def short_user(pseudonym: str | None) -> str:
    """The first digits of a pseudonym."""
    return pseudonym.partition(":")[2][:6] if pseudonym else "–"


def dollars(usd: float | None) -> str:
    """`$0.0112`; a dash where no price is known."""
    return "–" if usd is None else f"${usd:.4f}" if usd < 1 else f"${usd:,.2f}"


def span(length_ms: int) -> str:
    """`30 s`, `5 min`, `6 h`, `7 d`."""
    for unit_ms, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min")):
        if length_ms >= unit_ms and length_ms % unit_ms == 0:
            return f"{length_ms // unit_ms} {unit}"
    return f"{length_ms // 1000} s"


def shortened(count: int) -> str:
    """`9,999`, `12.4k`, `1.3M`."""
    if count < 10_000:
        return f"{count:,}"
    return f"{count / 1000:.1f}k" if count < 1_000_000 else f"{count / 1_000_000:.1f}M"


def size(count: int) -> str:
    """`31 KB`."""
    return (
        f"{count} B"
        if count < 1024
        else f"{count / 1024:.0f} KB"
        if count < 1024**2
        else f"{count / 1024**2:.1f} MB"
    )


def _utc(timestamp_ms: int) -> datetime:
    return datetime.fromtimestamp(timestamp_ms / 1000, tz=UTC)
