"""A person's rights: everything that is logged of them, and its erasure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from llmlog.admin.access import Gate, Viewer
from llmlog.admin.failures import API, json_response
from llmlog.admin.parameters import json_object
from llmlog.admin.reads import Reads
from llmlog.entry import LogEntry
from llmlog.errors import BadRequest
from llmlog.query import MAX_LIMIT, QueryOptions
from llmlog.query.export import json_lines
from llmlog.service import LLMLoggingService

Forget = Callable[[str], Awaitable[int]]
"""What a host does to erase what it keeps itself of a person (by raw id); gives how many things."""


class PeopleApi:
    """Endpoints for administrators; a person is named by raw id or pseudonym, in the body, never in an address."""

    def __init__(self, service: LLMLoggingService, reads: Reads, forget: Forget | None) -> None:
        self._service = service
        self._reads = reads
        self._forget = forget

    def routes(self, gate: Gate) -> list[Route]:
        """Every route with the right it needs."""
        return [
            gate.route(f"{API}/erase", self.erase, "administrator", ("POST",)),
            gate.route(f"{API}/export-user", self.export, "administrator", ("POST",)),
        ]

    async def erase(self, request: Request, viewer: Viewer) -> Response:
        """Erase a person from the logs and, with a raw id, from the host; answers with a receipt."""
        user_id, pseudonym = await _person(request)
        receipt = await self._reads.run(self._service.erase, user_id, pseudonym)
        host = await self._forget(user_id) if self._forget is not None and user_id is not None else None
        return json_response({**msgspec.to_builtins(receipt), "host": host})

    async def export(self, request: Request, viewer: Viewer) -> Response:
        """Every log of a person as JSON lines."""
        user_id, pseudonym = await _person(request)
        entries = self._logs_of(user_id, pseudonym)
        first = await self._reads.run(next, entries, None)  # a store that is away is told before anything is sent
        headers = {
            "content-disposition": 'attachment; filename="person.jsonl"',
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        }
        stream = json_lines(_again(first, entries))
        return StreamingResponse(stream, media_type="application/x-ndjson", headers=headers)

    def _logs_of(self, user_id: str | None, pseudonym: str | None) -> Iterator[LogEntry]:
        cursor: str | None = None
        while True:
            options = QueryOptions(limit=MAX_LIMIT, cursor=cursor, user_id=user_id, pseudonym=pseudonym)
            page = self._service.get_logs(options)
            yield from page.logs
            cursor = page.pagination.next
            if cursor is None:
                return


async def _person(request: Request) -> tuple[str | None, str | None]:
    """Raw id and pseudonym of the body, one of them. Raises BadRequest."""
    fields: dict[str, Any] = await json_object(request)
    user_id, pseudonym = fields.get("userId"), fields.get("pseudonym")
    given = [value for value in (user_id, pseudonym) if value is not None]
    if len(given) != 1 or not isinstance(given[0], str) or not given[0]:
        raise BadRequest("userId", 'Send {"userId": "…"} with a raw id, or {"pseudonym": "v1:…"}.')
    return user_id, pseudonym


def _again(first: LogEntry | None, rest: Iterator[LogEntry]) -> Iterator[LogEntry]:
    if first is not None:
        yield first
        yield from rest
