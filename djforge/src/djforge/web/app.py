"""The ASGI app, put together from parts that are handed in. Building it opens nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp

from djforge.settings import Settings
from djforge.web.administrator import demo_administrator_allowed
from djforge.web.api.auth import AuthApi
from djforge.web.api.chat import ChatApi
from djforge.web.api.control import ControlApi
from djforge.web.api.health import HealthApi
from djforge.web.api.preferences import PreferencesApi
from djforge.web.callers import Callers
from djforge.web.failures import handlers
from djforge.web.guards import SameOriginOnly, SecurityHeaders
from djforge.web.log_pages import LogPages
from djforge.web.pages.chat import ChatPages, PageParts
from djforge.web.policies import Policies
from djforge.web.rendering import make_templates
from djforge.web.static_files import HashedFiles

MAX_BODY_BYTES = 64 * 1024
STATIC = "/static"
_HERE = Path(__file__).parent


class AppParts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the app is made of."""

    settings: Settings
    retention_days: int
    callers: Callers
    auth: AuthApi
    chat: ChatApi
    control: ControlApi
    preferences: PreferencesApi
    health: HealthApi
    pages: PageParts
    log_app: ASGIApp
    close: Callable[[], Awaitable[None]]
    """Closes the connections the app uses; called once, when the server stops."""


def create_app(parts: AppParts) -> Starlette:
    """The app with all routes, guards around them and the log pages beside them."""
    static = HashedFiles(_HERE / "static", STATIC)
    shared = {
        "demo": parts.settings.uses_simulator,
        "rules_only": not parts.settings.llm.any_provider,
        "demo_administrator": demo_administrator_allowed(parts.settings),
        "retention_days": parts.retention_days,
    }
    templates = make_templates(_HERE / "templates", static.address, shared)
    policies = Policies(parts.callers)
    routes: list[BaseRoute] = [
        *ChatPages(parts.pages, templates).routes(policies),
        *parts.auth.routes(policies),
        *parts.chat.routes(policies),
        *parts.control.routes(policies),
        *parts.preferences.routes(policies),
        *parts.health.routes(policies),
        Mount(STATIC, static),
    ]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await parts.close()

    return Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers=handlers(templates),
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=parts.settings.allowed_hosts, www_redirect=False),
            Middleware(RequestBodyLimitMiddleware, max_body_size=MAX_BODY_BYTES),
            Middleware(SameOriginOnly),
            Middleware(LogPages, log_app=parts.log_app),
        ],
    )
