"""What every page shares: templates, the capture pill, headers, the refusal page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from llmlog.admin.access import Access, Viewer
from llmlog.admin.reads import Reads
from llmlog.health import Health
from llmlog.service import LLMLoggingService
from llmlog.visible import visible

PAGES = "/llmlog"

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}


class Pill(msgspec.Struct, frozen=True):
    """The capture pill: text always carries the meaning, the tone only repeats it."""

    text: str
    tone: str


class Frame:
    """Renders pages. Everything logged goes through `visible` and autoescape."""

    def __init__(self, service: LLMLoggingService, access: Access, reads: Reads, label: str) -> None:
        self._service = service
        self._access = access
        self._reads = reads
        self._label = label
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["visible"] = visible

    async def health(self) -> Health:
        """The health, read in a thread."""
        return await self._reads.run(self._service.health)

    async def page(
        self, request: Request, name: str, context: Any, viewer: Viewer | None, status: int = 200
    ) -> Response:
        """A page: template `name`.html with its typed context as `it`."""
        pill = _pill(await self.health())
        return self._render(request, name, context, viewer, pill, status)

    async def refusal(self, request: Request, status: int, sentence: str) -> Response:
        """A page that says why there is nothing else to see."""
        viewer = await self._access.identify(request) if status != 401 else None
        context = {"status": status, "sentence": sentence, "sign_in_url": self._sign_in_url(request)}
        # The pill tells how much is waiting or lost: nothing for people who may not see the logs.
        pill = _pill(await self.health()) if viewer is not None and viewer.is_administrator else None
        return self._render(request, "refused", context, viewer, pill, status)

    def _sign_in_url(self, request: Request) -> str:
        return self._access.sign_in_url

    def _render(
        self, request: Request, name: str, context: Any, viewer: Viewer | None, pill: Pill | None, status: int
    ) -> Response:
        html = self._templates.get_template(f"{name}.html").render(
            it=context, viewer=viewer, pill=pill, label=self._label, here=request.url.path, base=PAGES
        )
        return Response(html, status, media_type="text/html", headers=SECURITY_HEADERS)


def _pill(health: Health) -> Pill:
    spool = health.spool
    dropped = sum(spool.dropped.values())
    if health.state == "losing":
        return Pill(f"{dropped:,} dropped", "err")
    if not health.store.answering:
        return Pill(f"Saving to disk · {spool.spooled:,} waiting", "warn")
    if spool.bytes_limit and spool.bytes_used > spool.bytes_limit / 2:
        return Pill(f"Capturing · spool {spool.bytes_used * 100 // spool.bytes_limit}%", "warn")
    return Pill(f"Capturing · {dropped:,} dropped", "ok")
