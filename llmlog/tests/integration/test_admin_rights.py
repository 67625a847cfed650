"""Every route of the admin app says no to whoever may not use it, in the plan's words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from llmlog import LLMLoggingService, LlmRequest, LogEntry, Settings
from llmlog.admin import Viewer, create_admin

VIEWERS = {
    "admin": Viewer(user_id="dana", display_name="Dana", is_administrator=True),
    "lee": Viewer(user_id="lee", display_name="Lee", is_administrator=False),
}


class HeaderAccess:
    """Takes the viewer's name from a header."""

    sign_in_url = "/sign-in"

    async def identify(self, connection: HTTPConnection) -> Viewer | None:
        return VIEWERS.get(connection.headers.get("x-viewer", ""))


@pytest.fixture(name="app", scope="module")
def _app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starlette]:
    with LLMLoggingService.open(Settings(data_dir=tmp_path_factory.mktemp("data"))) as service:
        service.log_interaction(LogEntry(command="<script>x</script>", llm_request=LlmRequest(model="m")))
        yield create_admin(service, HeaderAccess())


def asked(app: Starlette, path: str, viewer: str) -> tuple[int, str]:
    """Status and body of a request to a route's path."""
    method = "POST" if path.endswith("by-user") else "GET"
    with TestClient(app) as client:
        answer = client.request(
            method, path.replace("{id}", "abcdef12"), headers={"x-viewer": viewer}, follow_redirects=False
        )
    return answer.status_code, answer.text


def test_every_route_needs_a_right(app: Starlette) -> None:
    """Nobody gets in anywhere; a listener only where one's own logs are."""
    rights = app.state.rights
    assert len(rights) >= 14
    for path, right in rights.items():
        status, body = asked(app, path, "")
        assert status == 401, path
        status, body = asked(app, path, "lee")
        assert (status == 403) == (right == "administrator"), path
        if right == "administrator" and path.startswith("/api"):
            assert body == '{"error":"Admin access required"}'


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("recent?limit=0", "limit"),
        ("recent?limit=abc", "limit"),
        ("recent?page=-1", "page"),
        ("recent?cursor=x", "cursor"),
        ("by-date?date=yesterday", "date"),
        ("search?q=", "q"),
        ("stats?days=0", "days"),
        ("x", "id"),
    ],
)
def test_bad_parameters_are_named(app: Starlette, query: str, field: str) -> None:
    """A bad parameter is a 422 that names its field."""
    with TestClient(app) as client:
        answer = client.get(f"/api/llm-logs/{query}", headers={"x-viewer": "admin"})
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == field
