"""Signing in and out over real HTTP: the way to Spotify and back, sessions and how they end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import redis
from web_serving import Serving, eventually, serving, state_of

from djforge.listener import keys
from llmlog.clock import ManualClock

STATUS = "/api/auth/status"
DAY_S = 24 * 3600


@pytest.fixture(name="app", scope="module")
def _app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("auth")) as app:
        yield app


@pytest.fixture(name="store")
def _store(app: Serving) -> redis.Redis:
    """The Redis the sessions are in."""
    client: redis.Redis = app.log.redis_client(2.0)
    return client


def session_key(client: httpx2.Client) -> str:
    """Where the session of a client lies in Redis."""
    return keys.session(keys.hashed(client.cookies["djforge_session"]))


def signed_in(client: httpx2.Client) -> bool:
    """What the server says about a client."""
    told: bool = client.get(STATUS).json()["authenticated"]
    return told


def test_sign_in_says_who(app: Serving) -> None:
    """After signing in the server knows who it is; the token is good and Lee is no administrator."""
    told = app.signed_in("lee").get(STATUS).json()
    assert told == {
        "authenticated": True,
        "userId": "lee",
        "displayName": "Lee Listener",
        "tokenValid": True,
        "isAdmin": False,
    }


def test_the_cookie_opens_and_tells_nothing(app: Serving, store: redis.Redis) -> None:
    """The session's cookie is HttpOnly and SameSite=Lax; neither its id nor a name is in Redis in the clear."""
    client = app.browser()
    back = client.get(app.way_back(client, {"person": "dana"}))
    [cookie] = [value for value in back.headers.get_list("set-cookie") if value.startswith("djforge_session=")]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    session_id = client.cookies["djforge_session"]
    for key in store.scan_iter("*"):
        assert session_id.encode() not in key
        if key.startswith((b"djforge:", b"user:")):
            assert store.type(key) in (b"string", b"list")
            value = store.get(key) if store.type(key) == b"string" else b"".join(store.lrange(key, 0, -1))
            assert value is not None
            assert b"dana" not in value.lower()
            assert store.ttl(key) > 0


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ("/llmlog/mine", "/llmlog/mine"),
        ("https://example.org/", "/"),
        ("//example.org/", "/"),
        ("/\\example.org", "/"),
        ("/a\nb", "/"),
    ],
)
def test_the_way_back_stays_here(app: Serving, given: str, target: str) -> None:
    """After signing in one is where one wanted to be, if that is on this site."""
    client = app.browser()
    back = client.get(app.way_back(client, {"person": "dana"}, given))
    assert (back.status_code, back.headers["location"]) == (303, target)


def test_another_browsers_sign_in_is_refused(app: Serving) -> None:
    """The way back from Spotify works only in the browser that left: another one's state opens no session."""
    mine, other = app.browser(), app.browser()
    location = app.way_back(mine, {"person": "dana"})
    for stranger in (app.browser(), other):
        if stranger is other:  # has a sign-in of its own under way
            other.get("/api/auth/login")
        back = stranger.get(location)
        assert (back.status_code, back.headers["location"]) == (303, "/?error=state_mismatch")
        assert not signed_in(stranger)
    page = other.get("/?error=state_mismatch").text
    assert "The sign-in took too long or began in another browser. Try again." in page


def test_the_way_back_works_once(app: Serving) -> None:
    """The same address a second time opens nothing, not even with the old cookie."""
    client = app.browser()
    location = app.way_back(client, {"person": "dana"})
    cookie = client.cookies["djforge_signin"]
    assert client.get(location).headers["location"] == "/"
    thief = app.browser()
    thief.cookies.set("djforge_signin", cookie, domain="127.0.0.1")
    assert thief.get(location).headers["location"] == "/?error=state_mismatch"
    assert not signed_in(thief)


@pytest.mark.parametrize(
    ("query", "problem", "sentence"),
    [
        ("error=access_denied", "denied", "You did not agree, so nothing was connected."),
        ("error=server_error", "auth_failed", "Spotify did not complete the sign-in. Try again."),
        ("code=wrong", "auth_failed", "Spotify did not complete the sign-in. Try again."),
        ("", "no_code", "Spotify sent nothing back. Try again."),
    ],
)
def test_a_sign_in_that_fails_says_why(app: Serving, query: str, problem: str, sentence: str) -> None:
    """Whatever Spotify sends back instead of a good code, the first page says what happened."""
    client = app.browser()
    state = state_of(client.get("/api/auth/login").headers["location"])
    back = client.get(f"/api/auth/callback?state={state}&{query}")
    assert (back.status_code, back.headers["location"]) == (303, f"/?error={problem}")
    assert sentence in client.get(back.headers["location"]).text
    assert not signed_in(client)


def test_cancel_is_a_no(app: Serving) -> None:
    """Pressing Cancel on Spotify's page leads back to the first page, which says that nothing was connected."""
    client = app.browser()
    back = client.get(app.way_back(client, {"cancel": "1"}))
    assert back.headers["location"] == "/?error=denied"


def test_an_unknown_problem_is_not_echoed(app: Serving) -> None:
    """What stands in the address is not repeated on the page."""
    page = app.browser().get("/", params={"error": "<b>pwned</b>"}).text
    assert "pwned" not in page
    assert "Spotify did not complete the sign-in" in page


@pytest.mark.parametrize("path", ["/api/auth/logout", "/sign-out"])
def test_signing_out_ends_the_session_everywhere(app: Serving, store: redis.Redis, path: str) -> None:
    """After signing out the old cookie opens nothing, and session and tokens are gone from Redis."""
    client = app.signed_in()
    key, cookie = session_key(client), client.cookies["djforge_session"]
    assert store.exists(key, key.replace(":session:", ":tokens:")) == 2
    assert client.post(path).status_code in (200, 303)
    assert "djforge_session" not in client.cookies
    thief = app.browser()
    thief.cookies.set("djforge_session", cookie, domain="127.0.0.1")
    assert not signed_in(thief)
    assert thief.get("/api/llm/simple/history").status_code == 401
    assert store.exists(key, key.replace(":session:", ":tokens:")) == 0


def test_logout_without_a_session(app: Serving) -> None:
    """Signing out twice is no error."""
    told = app.browser().post("/api/auth/logout")
    assert (told.status_code, told.json()["message"]) == (200, "Nobody was signed in.")


def test_a_new_sign_in_ends_the_old(app: Serving) -> None:
    """Signing in again gives a new id, and the old one is dead."""
    client = app.signed_in("dana")
    old = client.cookies["djforge_session"]
    client.get(app.way_back(client, {"person": "lee"}))
    assert client.get(STATUS).json()["userId"] == "lee"
    assert client.cookies["djforge_session"] != old
    thief = app.browser()
    thief.cookies.set("djforge_session", old, domain="127.0.0.1")
    assert not signed_in(thief)


@pytest.mark.parametrize("made_up", ["", "x", "x" * 43, "x" * 44, "é" * 43, "../../etc/passwd", "x" * 5000])
def test_a_made_up_cookie_opens_nothing(app: Serving, made_up: str) -> None:
    """A cookie nobody was given is nobody."""
    stranger = app.browser()
    cookie = b"djforge_session=" + made_up.encode()
    assert stranger.get(STATUS, headers={"cookie": cookie}).json() == {"authenticated": False}


def test_a_session_that_redis_forgot_is_over(app: Serving, store: redis.Redis) -> None:
    """A session that expired in Redis is over at once: 401, and the page offers to sign in."""
    client = app.signed_in()
    assert 0 < store.ttl(session_key(client)) <= keys.IDLE_S
    store.delete(session_key(client))
    assert client.get("/api/llm/simple/history").status_code == 401
    assert "Sign in with Spotify" in client.get("/").text


def test_a_week_ends_every_session(tmp_path: Path) -> None:
    """Seven days after signing in a session is over, however often it was used."""
    clock = ManualClock()
    with serving(tmp_path, clock) as app:
        client = app.signed_in()
        for _ in range(6):
            clock.advance(DAY_S)
            assert signed_in(client)
        clock.advance(DAY_S - 10)
        assert signed_in(client)
        clock.advance(11)
        assert not signed_in(client)


def test_a_session_whose_tokens_are_gone_signs_in_again(app: Serving, store: redis.Redis) -> None:
    """Without tokens a command is a 401 that says to sign in again, and nothing else breaks."""
    client = app.signed_in()
    store.delete(session_key(client).replace(":session:", ":tokens:"))
    answer = client.post("/api/llm/simple/command", json={"command": "pause"})
    assert answer.status_code == 401
    assert answer.json()["error"]["message"] == "Spotify wants you to sign in again."
    page = client.get("/", headers={"accept": "text/html"})
    assert (page.status_code, 'href="/api/auth/login"' in page.text) == (401, True)


def test_tokens_that_run_out_are_renewed(app: Serving) -> None:
    """An access token that ended is renewed in passing; a person who removed the app has to sign in again."""
    client = app.signed_in("lee")
    app.simulator.expire_tokens()
    assert client.post("/api/control/pause").status_code == 200
    app.simulator.revoke("lee")
    app.simulator.expire_tokens()
    answer = client.post("/api/control/pause")
    assert answer.status_code == 401
    assert answer.json()["error"]["message"] == "Spotify wants you to sign in again."
    page = client.get("/", headers={"accept": "text/html"})
    assert page.status_code == 401
    assert "Sign in with Spotify" in page.text


def test_the_profile_is_kept_for_an_hour(app: Serving, store: redis.Redis) -> None:
    """Asking who one is asks Spotify once an hour, and the kept profile tells nobody's name."""
    client = app.signed_in("dana")
    asked = len(app.simulator.requests("/v1/me"))
    mine = [request for request in app.simulator.requests("/v1/me") if request[1] == "/v1/me"]
    client.get(STATUS)
    client.get(STATUS)
    assert [request for request in app.simulator.requests("/v1/me") if request[1] == "/v1/me"] == mine
    assert len(app.simulator.requests("/v1/me")) == asked
    key = keys.profile(app.log.pseudonym("dana"))
    assert 0 < store.ttl(key) <= 3600
    store.delete(key)
    assert client.get(STATUS).json()["displayName"] == "Dana Demo"
    eventually(lambda: store.exists(key))


def test_another_host_name_is_sent_to_the_right_one(app: Serving) -> None:
    """Who comes by `localhost` is led to the address that Spotify sends back to, and the wish goes along."""
    port = app.settings.port
    answer = app.browser().get(
        "/api/auth/login", params={"return_to": "/llmlog"}, headers={"host": f"localhost:{port}"}
    )
    assert answer.headers["location"] == f"{app.address}/api/auth/login?return_to=%2Fllmlog"
