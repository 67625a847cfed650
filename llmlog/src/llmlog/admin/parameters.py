"""Parameters of requests: each fault becomes a BadRequest that names the field."""

from __future__ import annotations

from starlette.requests import Request

from llmlog.errors import BadRequest
from llmlog.query import QueryOptions


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
