"""What stands around every route: who may come from where, who may see what, and what each answer carries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from web_serving import Serving, eventually, serving

CHANGES = [
    "/api/auth/logout",
    "/sign-out",
    "/api/llm/simple/command",
    "/api/llm/simple/clear-history",
    "/api/control/pause",
    "/chat",
    "/player",
    "/api/llm-logs/by-user",
]
ADMIN_ROUTES = [
    "/api/llm-logs/recent",
    "/api/llm-logs/search?q=pause",
    "/api/llm-logs/stats",
    "/api/llm-logs/by-date?date=2026-11-23",
    "/api/llm-logs/health",
    "/api/llm-logs/0123456789abcdef",
]


@pytest.fixture(name="app", scope="module")
def _app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("guards")) as app:
        yield app


@pytest.fixture(name="dana", scope="module")
def _dana(app: Serving) -> httpx2.Client:
    return app.signed_in("dana")


@pytest.fixture(name="lee", scope="module")
def _lee(app: Serving) -> httpx2.Client:
    return app.signed_in("lee")


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://example.org"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "http://[broken"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "SAME"},
        {},
    ],
    ids=["elsewhere", "null", "other-port", "broken", "cross", "same-site", "contradicting", "nothing-said"],
)
def test_other_sites_change_nothing(app: Serving, dana: httpx2.Client, path: str, headers: dict[str, str]) -> None:
    """A request that could change something and does not come from our own pages is a 403 in words."""
    with httpx2.Client(base_url=app.address, cookies=dana.cookies, trust_env=False, verify=False) as client:
        told = {name: app.address if value == "SAME" else value for name, value in headers.items()}
        answer = client.post(path, headers=told, json={"command": "pause", "userId": "dana"})
    assert answer.status_code == 403
    assert answer.json()["error"] == {
        "code": "cross_site",
        "message": "This request did not come from DJ Forge's own pages.",
    }
    assert dana.get("/api/auth/status").json()["authenticated"] is True


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}, {"origin": "SAME"}]
)
def test_our_own_pages_may(app: Serving, dana: httpx2.Client, headers: dict[str, str]) -> None:
    """A request of our own pages goes through, by Sec-Fetch-Site or by Origin."""
    told = {name: app.address if value == "SAME" else value for name, value in headers.items()}
    with httpx2.Client(base_url=app.address, cookies=dana.cookies, trust_env=False, verify=False) as client:
        assert client.post("/api/control/pause", headers=told).status_code == 200


def test_other_host_names_are_refused(app: Serving) -> None:
    """A name that is not ours (DNS rebinding) gets nothing."""
    answer = app.browser().get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "Sign in" not in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/api/health", "/api/auth/status", "/nothing", "/llmlog/logs", "/api/llm-logs/recent"]
)
def test_every_answer_is_guarded(app: Serving, path: str) -> None:
    """Each answer, refusals included, carries a strict policy, forbids framing and is kept by no cache."""
    headers = app.browser().get(path).headers
    assert headers["content-security-policy"].startswith(("default-src 'none'; ", "default-src 'self'; "))
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_static_files_may_be_kept(app: Serving) -> None:
    """A static file asked for with its hash may be kept for a year; an unknown one is a 404."""
    client = app.browser()
    page = client.get("/").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "max-age=31536000" in client.get(address).headers["cache-control"]
    assert client.get("/static/nothing.css").status_code == 404
    assert client.get("/static/..%2Fapp.py").status_code == 404


def test_methods_and_addresses_that_are_none(app: Serving) -> None:
    """An unknown address is a 404 and a wrong method a 405, as JSON for programs and as a page for people."""
    client = app.browser()
    assert client.get("/api/nothing").json()["error"]["code"] == "not_found"
    assert client.get("/api/llm/simple/command").json()["error"]["code"] == "method_not_allowed"
    page = client.get("/nothing", headers={"accept": "text/html"})
    assert (page.status_code, "There is nothing here." in page.text) == (404, True)


@pytest.mark.parametrize("path", [*ADMIN_ROUTES, "/api/llm-logs/my-logs"])
def test_logs_say_no_in_the_plans_words(app: Serving, lee: httpx2.Client, path: str) -> None:
    """Nobody gets a 401, a listener a 403 on the administrator's routes, each word for word."""
    nobody = app.browser().get(path)
    assert (nobody.status_code, nobody.text) == (401, '{"error":"Authentication failed"}')
    listener = lee.get(path)
    if path.endswith("my-logs"):
        assert listener.status_code == 200
    else:
        assert (listener.status_code, listener.text) == (403, '{"error":"Admin access required"}')


def test_a_persons_logs_need_the_administrator(app: Serving, lee: httpx2.Client) -> None:
    """The logs of a person by id are for the administrator only."""
    path = "/api/llm-logs/by-user"
    assert app.browser().post(path, json={"userId": "lee"}).text == '{"error":"Authentication failed"}'
    assert lee.post(path, json={"userId": "lee"}).text == '{"error":"Admin access required"}'


def test_my_logs_are_mine(app: Serving, dana: httpx2.Client, lee: httpx2.Client) -> None:
    """Each person sees their own logs and nobody else's, in the API and on the pages, whatever they ask for."""
    ids = {}
    for name, client in (("dana", dana), ("lee", lee)):
        ids[name] = client.post("/api/llm/simple/command", json={"command": f"search {name} secret"}).json()[
            "logId"
        ]
    eventually(lambda: app.log.get_log(ids["lee"]) and app.log.get_log(ids["dana"]))
    pseudonym = app.log.pseudonym("dana")
    for query in ("", "?userId=dana", f"?user={pseudonym}", f"?pseudonym={pseudonym}&limit=100"):
        own = lee.get(f"/api/llm-logs/my-logs{query}").json()["logs"]
        assert {entry["command"] for entry in own} == {"search lee secret"}, query
        assert all(message["role"] != "system" for entry in own for message in entry["llmRequest"]["messages"])
    assert "search lee secret" in lee.get("/llmlog/mine").text
    assert "search dana secret" not in lee.get("/llmlog/mine").text
    assert lee.get(f"/llmlog/mine/{ids['lee']}").status_code == 200
    assert lee.get(f"/llmlog/mine/{ids['dana']}").status_code == 404
    assert lee.get(f"/llmlog/logs/{ids['lee']}").status_code == 403
    every = {entry["command"] for entry in dana.get("/api/llm-logs/recent").json()["logs"]}
    assert {"search dana secret", "search lee secret"} <= every


ADMINISTRATORS = [
    ({}, {"dana"}),
    ({"ADMIN_SPOTIFY_ID": "  "}, {"dana"}),
    ({"ADMIN_SPOTIFY_ID": "your_spotify_user_id_here"}, {"dana"}),
    ({"ADMIN_SPOTIFY_ID": "lee"}, {"lee"}),
    ({"ADMIN_SPOTIFY_ID": " lee , dana "}, {"lee", "dana"}),
    ({"ADMIN_SPOTIFY_ID": "somebody"}, set()),
    ({"ADMIN_SPOTIFY_ID": "LEE"}, set()),
    ({"HOST": "0.0.0.0"}, set()),
    ({"DJFORGE_TRUSTED_PROXY": "10.0.0.5"}, set()),
    ({"SPOTIFY_CLIENT_ID": "0123456789abcdef0123456789abcdef"}, set()),
    ({"SPOTIFY_CLIENT_ID": "0123456789abcdef0123456789abcdef", "ADMIN_SPOTIFY_ID": "lee"}, {"lee"}),
    (
        {"SPOTIFY_CLIENT_ID": "0123456789abcdef0123456789abcdef", "ADMIN_SPOTIFY_ID": "your_spotify_user_id_here"},
        set(),
    ),
]


@pytest.mark.parametrize(("environment", "administrators"), ADMINISTRATORS)
def test_who_is_administrator(tmp_path: Path, environment: dict[str, str], administrators: set[str]) -> None:
    """Whoever ADMIN_SPOTIFY_ID names reads all logs; unset, blank or the placeholder is nobody, but for the demo
    person of a simulator that only this machine can reach."""
    with serving(tmp_path, **environment) as app:
        found = set()
        for person in ("dana", "lee"):
            client = app.signed_in(person)
            told = client.get("/api/auth/admin-check").json()
            allowed = client.get("/api/llm-logs/recent").status_code == 200
            assert (told["isAdmin"], told["userId"]) == (allowed, person)
            assert ('href="/llmlog/logs"' in client.get("/").text) == allowed
            found |= {person} if allowed else set()
        assert found == administrators


def test_admin_check_needs_a_session(app: Serving) -> None:
    """Whether one is administrator is told to those who are signed in."""
    assert app.browser().get("/api/auth/admin-check").status_code == 401


def test_only_the_trusted_proxy_speaks_for_others(tmp_path: Path) -> None:
    """X-Forwarded-Proto of anybody is passed over; of the trusted proxy it makes cookies Secure."""
    forwarded = {"x-forwarded-proto": "https"}
    for name, trusted, environment in (
        ("plain", False, {}),
        ("proxied", True, {"DJFORGE_TRUSTED_PROXY": "127.0.0.1"}),
        ("other", False, {"DJFORGE_TRUSTED_PROXY": "10.0.0.0/8"}),
    ):
        with serving(tmp_path / name, **environment) as app:
            answer = app.browser().get("/api/auth/login", headers=forwarded)
            assert answer.headers["set-cookie"].startswith("__Host-") == trusted, name
            assert ("strict-transport-security" in answer.headers) == trusted, name
