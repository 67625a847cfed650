"""The admin app: one ASGI app with two prefixes, /llmlog (pages) and /api/llm-logs (JSON)."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from llmlog.admin.access import Access, Gate, TokenAccess
from llmlog.admin.api import Api, FindingApi, Forget, PeopleApi, TailApi
from llmlog.admin.failures import Failures
from llmlog.admin.frame import PAGES, Frame
from llmlog.admin.pages import Pages, SignInPage
from llmlog.admin.reads import Reads
from llmlog.service import LLMLoggingService


def create_admin(
    service: LLMLoggingService, access: Access, *, app_name: str = "", forget: Forget | None = None
) -> Starlette:
    """The admin app, mountable at the root of any ASGI app.

    access: who is asking, see `Access`. app_name: stands on the pages beside the environment's label.
    forget: called with the raw id of an erased person, for what the host keeps itself.
    """
    reads = Reads()
    label = " / ".join(part for part in (app_name, service.settings.environment) if part)
    frame = Frame(service, access, reads, label)
    gate = Gate(access)
    finding = FindingApi(service, reads).routes(gate)  # before `{id}`, which would take their names
    routes: list[BaseRoute] = [
        *finding,
        *TailApi(service, reads, access).routes(gate),
        *PeopleApi(service, reads, forget).routes(gate),
        *Api(service, reads).routes(gate),
        *Pages(service, reads, frame).routes(gate),
    ]
    if isinstance(access, TokenAccess):
        routes += SignInPage(access, frame).routes(gate)
    routes.append(Mount(f"{PAGES}/static", StaticFiles(directory=Path(__file__).parent / "static")))
    app = Starlette(routes=routes, exception_handlers=Failures(frame).handlers())
    app.router.redirect_slashes = False
    app.state.rights = gate.rights
    return app
