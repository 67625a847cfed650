"""Arguments of reads, checked: each fault names its field and says what to give instead."""

from __future__ import annotations

import re
from datetime import date

from llmlog.errors import BadRequest
from llmlog.query.results import MAX_LIMIT
from llmlog.store.redis_store import Member

MAX_PAGE = 1_000_000
_ID = re.compile(r"[A-Za-z0-9_-]{6,64}")
_PSEUDONYM = re.compile(r"(?:v[0-9]{1,4}:)?[0-9a-f]{6,32}")
_CURSOR = re.compile(r"([0-9]{1,15})\.([A-Za-z0-9_-]{6,64})")


def limit(value: int) -> int:
    """Logs a page may hold."""
    if not 1 <= value <= MAX_LIMIT:
        raise BadRequest("limit", f"limit must be from 1 to {MAX_LIMIT}, not {value}.")
    return value


def page(value: int) -> int:
    """Number of a page, from 1."""
    if not 1 <= value <= MAX_PAGE:
        raise BadRequest("page", f"page must be from 1 to {MAX_PAGE}, not {value}.")
    return value


def day(value: str, field: str = "date") -> str:
    """One UTC day."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is None:
            raise ValueError
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise BadRequest(field, f"{field} must be a day like 2026-11-23 (UTC), not “{value[:40]}”.") from None


def entry_id(value: str) -> str:
    """Id of a log."""
    if _ID.fullmatch(value) is None:
        raise BadRequest("id", f"“{value[:80]}” is not the id of a log. Copy the whole id from a list.")
    return value


def pseudonym(value: str) -> str:
    """A pseudonym as it stands in a log, or the beginning of one."""
    if _PSEUDONYM.fullmatch(value) is None:
        raise BadRequest(
            "pseudonym", "pseudonym must be one from a log, six or more hex digits; v1: may be left out."
        )
    return value


def cursor(value: str | None) -> Member | None:
    """The place a page ended."""
    if value is None:
        return None
    match = _CURSOR.fullmatch(value)
    if match is None:
        raise BadRequest("cursor", "cursor is not one that an earlier answer gave in `next`.")
    return Member(int(match[1]), match[2])


def cursor_text(member: Member) -> str:
    """The cursor that goes on after a log."""
    return f"{member.timestamp}.{member.id}"
