"""`llmlog serve`: the pages and the API alone, opened by LLMLOG_ADMIN_TOKEN."""

from __future__ import annotations

import argparse
from typing import Any

from llmlog.errors import BadRequest, SettingsError
from llmlog.service import LLMLoggingService


def add_to(commands: Any) -> None:
    """The command's arguments."""
    made = commands.add_parser("serve", help="the pages and the JSON API alone, on this machine")
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, default=4002)
    made.set_defaults(run=run)


def run(service: LLMLoggingService, asked: argparse.Namespace) -> int:
    """Serve until interrupted; 1 when it could not begin. Raises SettingsError without a token, BadRequest."""
    if not 0 <= asked.port <= 65_535:
        raise BadRequest("port", f"port must be from 0 to 65535, not {asked.port}.")
    token = service.settings.admin_token
    if token is None:
        raise SettingsError("LLMLOG_ADMIN_TOKEN", "is not set.", "a-long-random-sentence")
    import uvicorn  # the extra `admin`; other commands work without it

    from llmlog.admin import TokenAccess, create_admin

    print(f"Logs on http://{asked.host}:{asked.port}/llmlog", flush=True)
    service.finder.keep_index()
    app = create_admin(service, TokenAccess(token))
    try:
        uvicorn.run(app, host=asked.host, port=asked.port, log_level="warning", timeout_graceful_shutdown=2)
    except SystemExit:  # its code 3, when the port is taken, means something else here
        return 1
    return 0
