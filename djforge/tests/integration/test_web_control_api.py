"""`/api/control` and the page's own forms over real HTTP: the player's buttons, with and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from web_serving import Serving, serving

API = "/api/control"


@pytest.fixture(name="app", scope="module")
def _app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("control")) as app:
        yield app


@pytest.fixture(name="dana")
def _dana(app: Serving) -> httpx2.Client:
    """Dana, with a song playing at volume 50."""
    client = app.signed_in("dana")
    client.post("/api/llm/simple/command", json={"command": "play So What by Miles Davis"})
    assert client.post(f"{API}/volume", json={"volume": 50}).status_code == 200
    return client


def playback(client: httpx2.Client) -> dict[str, Any]:
    """What plays."""
    told: dict[str, Any] = client.get(f"{API}/current-track").json()["playback"]
    return told


def test_pause_and_play(dana: httpx2.Client) -> None:
    """Pause stops the music, play goes on; twice is no error."""
    for name, playing in (("pause", False), ("pause", False), ("play", True), ("play", True)):
        answer = dana.post(f"{API}/{name}")
        assert (answer.status_code, answer.json()["success"]) == (200, True)
        assert playback(dana)["is_playing"] is playing


def test_next_and_previous(dana: httpx2.Client) -> None:
    """Next goes to what was queued; where there is no next or previous song, it is said in words."""
    found = dana.post("/api/llm/simple/command", json={"command": "search radiohead"}).json()["tracks"]
    added = dana.post(f"{API}/queue", json={"uri": found[0]["uri"]})
    assert added.json()["success"] is True
    assert dana.get(f"{API}/queue").json()["queue"]["queue"][0]["uri"] == found[0]["uri"]
    assert dana.post(f"{API}/next").json()["success"] is True
    assert playback(dana)["item"]["uri"] == found[0]["uri"]
    ended = dana.post(f"{API}/next").json()
    assert (ended["success"], ended["message"]) == (False, "There is no next song: the queue is empty.")
    ended = dana.post(f"{API}/previous").json()
    assert (ended["success"], ended["message"]) == (False, "There is no previous song.")


@pytest.mark.parametrize("volume", [0, 1, 100])
def test_volume(dana: httpx2.Client, volume: int) -> None:
    """Each volume from 0 to 100 is set, silence included."""
    assert dana.post(f"{API}/volume", json={"volume": volume}).json()["success"] is True
    assert playback(dana)["device"]["volume_percent"] == volume


@pytest.mark.parametrize("volume", [-1, 101, 50.5, "50", True, None, [50], 10**30])
def test_a_volume_that_is_none(dana: httpx2.Client, volume: Any) -> None:
    """A volume that is no whole number from 0 to 100 is a 400 in words and changes nothing."""
    answer = dana.post(f"{API}/volume", json={"volume": volume})
    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "code": "invalid",
        "message": "volume must be a whole number from 0 to 100.",
        "field": "volume",
    }
    assert playback(dana)["device"]["volume_percent"] == 50


def test_the_music_moves(dana: httpx2.Client) -> None:
    """The music moves to another device, and an unknown one is a 404 in words."""
    devices = dana.get(f"{API}/devices").json()["devices"]
    idle = next(device for device in devices if not device["is_active"])
    moved = dana.post(f"{API}/transfer", json={"deviceId": idle["id"], "play": True})
    assert moved.json() == {"success": True, "message": "The music moved."}
    assert playback(dana)["device"]["id"] == idle["id"]
    lost = dana.post(f"{API}/transfer", json={"deviceId": "nothere"})
    assert (lost.status_code, lost.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("queue", {}, "uri"),
        ("queue", {"uri": "spotify:user:x"}, "uri"),
        ("transfer", {}, "deviceId"),
        ("transfer", {"deviceId": 3}, "deviceId"),
        ("transfer", {"deviceId": "x" * 201}, "deviceId"),
        ("transfer", {"deviceId": "phone", "play": "yes"}, "play"),
    ],
)
def test_nonsense_is_named(dana: httpx2.Client, path: str, body: dict[str, Any], field: str) -> None:
    """A missing or senseless field is a 400 that names it."""
    answer = dana.post(f"{API}/{path}", json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


def test_no_device_is_said_in_words(app: Serving) -> None:
    """Without a device the button says what to do, and so do API and page."""
    lee = app.signed_in("lee")
    app.simulator.switch_off_devices("lee")
    told = lee.post(f"{API}/play").json()
    assert (told["success"], told["errorType"]) == (False, "no_active_device")
    assert told["message"] == "Open Spotify on a phone or computer, then try again."
    assert lee.get(f"{API}/current-track").json() == {"success": True, "playback": None}
    page = lee.get("/")
    assert (page.status_code, "Nothing is playing" in page.text) == (200, True)


@pytest.mark.parametrize(("status", "sentence"), [(503, "not answering properly"), (429, "too many requests")])
def test_trouble_at_spotify_is_told(app: Serving, dana: httpx2.Client, status: int, sentence: str) -> None:
    """When Spotify fails, the API says so with a status of its own, and the page is still there."""
    for _ in range(3):
        app.simulator.fail_next("/v1/me/player", status, retry_after_s=60 if status == 429 else None)
    answer = dana.get(f"{API}/current-track")
    assert answer.status_code == (502 if status == 503 else 429)
    assert sentence in answer.json()["error"]["message"]
    page = dana.get("/")
    assert page.status_code == 200
    for _ in range(3):  # what is left of the planned trouble
        dana.get(f"{API}/current-track")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("POST", name) for name in ("play", "pause", "next", "previous", "volume", "queue", "transfer")),
        *(("GET", name) for name in ("current-track", "devices", "queue")),
    ],
)
def test_nobody_plays_without_signing_in(app: Serving, method: str, path: str) -> None:
    """Without a session every button is a 401."""
    answer = app.browser().request(method, f"{API}/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "signed_out")


def test_the_pages_forms_work_without_javascript(dana: httpx2.Client) -> None:
    """A command, a button and clearing sent as plain forms lead back to the page, which shows what happened."""
    sent = dana.post("/chat", data={"command": "volume 30"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/")
    page = dana.get("/").text
    assert "volume 30" in page
    assert "Volume set to 30 %." in page
    assert dana.post("/player", data={"action": "pause"}).headers["location"] == "/"
    assert playback(dana)["is_playing"] is False
    assert dana.post("/chat/clear").headers["location"] == "/"
    assert "volume 30" not in dana.get("/").text


def test_what_is_said_is_shown_as_text(dana: httpx2.Client) -> None:
    """Markup in a command is text on the page."""
    dana.post("/chat", data={"command": "<img src=x onerror=alert(1)>"})
    page = dana.get("/").text
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


@pytest.mark.parametrize(
    ("path", "form"), [("/chat", {}), ("/chat", {"command": " "}), ("/player", {}), ("/player", {"action": "burn"})]
)
def test_forms_that_say_nothing(dana: httpx2.Client, path: str, form: dict[str, str]) -> None:
    """A form without what it needs is a 400, for people as a page."""
    answer = dana.post(path, data=form, headers={"accept": "text/html"})
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")


def test_confirm_without_a_question_leads_back(dana: httpx2.Client) -> None:
    """A yes that nobody asked for does nothing."""
    assert dana.post("/chat/confirm", data={"answer": "yes"}).headers["location"] == "/"


def test_fragments_for_the_script(dana: httpx2.Client) -> None:
    """The script gets the turn and the player as pieces of the same page."""
    turn = dana.post("/chat", data={"command": "pause"}, headers={"x-fragment": "1"})
    assert turn.text.startswith('<article class="turn">')
    player = dana.post("/player", data={"action": "louder"}, headers={"x-fragment": "1"})
    assert "Volume 60" in player.text
    assert dana.get("/player").text.startswith("<section")
