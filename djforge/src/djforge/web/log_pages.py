"""The log pages beside DJ Forge's own: llmlog's app answers under its two prefixes, paths unchanged."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

PREFIXES = ("/llmlog", "/api/llm-logs")


class LogPages:
    """Hands requests under the prefixes to the log app, all others on."""

    def __init__(self, app: ASGIApp, log_app: ASGIApp) -> None:
        self._app = app
        self._log_app = log_app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        theirs = scope["type"] == "http" and any(
            scope["path"] == prefix or scope["path"].startswith(f"{prefix}/") for prefix in PREFIXES
        )
        await (self._log_app if theirs else self._app)(scope, receive, send)
