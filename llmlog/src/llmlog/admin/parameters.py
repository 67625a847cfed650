"""Parameters of requests: each fault becomes a BadRequest that names the field."""

from __future__ import annotations

import json
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.requests import Request

from llmlog.errors import BadRequest
from llmlog.query import QueryOptions
from llmlog.query.language import Query, QuerySyntaxError, Term, parse
from llmlog.query.language.tree import Moment

MAX_BODY_BYTES = 16 * 1024


async def json_object(request: Request) -> dict[str, Any]:
    """The JSON object of a body. Raises BadRequest."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise BadRequest("body", f"The body is over {MAX_BODY_BYTES:,} bytes.")
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise BadRequest("body", 'The body must be a JSON object like {"userId": "…"}.')
    return fields


def whole(request: Request, name: str, default: int) -> int:
    """A whole number of the query string."""
    value = request.query_params.get(name)
    if value is None or value == "":
        return default
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 12):
        raise BadRequest(name, f"{name} must be a whole number, not “{value[:40]}”. Example: {name}={default}")
    return int(value)


def page_options(request: Request, default_limit: int, **more: str | None) -> QueryOptions:
    """limit, page and cursor of the query string."""
    return QueryOptions(
        limit=whole(request, "limit", default_limit),
        page=whole(request, "page", 1),
        cursor=request.query_params.get("cursor") or None,
        **more,
    )


def required(request: Request, name: str, example: str) -> str:
    """A text of the query string that must be there."""
    value = request.query_params.get(name, "")
    if not value.strip():
        raise BadRequest(name, f"{name} is missing. Example: {name}={example}")
    return value


def zone(request: Request) -> tzinfo:
    """The time zone of `tz`, UTC by default."""
    name = request.query_params.get("tz") or "UTC"
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise BadRequest("tz", f"“{name[:40]}” is no time zone. Example: tz=Europe/Berlin") from None


def typed_query(request: Request, now_ms: int) -> Query:
    """`q` within `from` and `to`."""
    tz = zone(request)
    query = parse(request.query_params.get("q", ""), now_ms, tz)
    since = _times(request, "from", "since", now_ms, tz)
    until = _times(request, "to", "until", now_ms, tz)
    return query if not since and not until else Query(terms=(*since, *until, *query.terms), text=query.text)


def moment(request: Request, name: str, now_ms: int) -> int:
    """A point in time that must be given, ms since the epoch."""
    terms = _times(request, name, "since", now_ms, zone(request))
    if not terms:
        raise BadRequest(name, f"{name} is missing. Example: {name}=2026-11-23T14:00")
    at_ms = Query(terms=terms).since_ms()
    assert at_ms is not None
    return at_ms


def _times(request: Request, name: str, field: str, now_ms: int, tz: tzinfo) -> tuple[Term, ...]:
    """A time as the query language has it, or a whole number of ms since the epoch."""
    given = request.query_params.get(name)
    if not given:
        return ()
    if given.isascii() and given.isdigit() and len(given) == 13:
        return (Term(field=field, values=(Moment(text=given, at_ms=int(given)),)),)
    try:
        found = parse(f"{field}:{given}", now_ms, tz).terms
    except QuerySyntaxError as error:
        raise BadRequest(name, error.message.replace(f"{field} needs", f"{name} needs")) from None
    if len(found) != 1 or not isinstance(found[0].values[0], Moment):
        raise BadRequest(name, f"{name} needs one time, for example {name}=2026-11-23T14:00 or {name}=2h.")
    return found
