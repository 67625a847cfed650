"""`/api/llm/simple` over real HTTP: commands, questions, confirmations, history, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fake_chat_provider import FakeChatProvider, chat
from web_serving import Serving, eventually, serving

API = "/api/llm/simple"
UNSURE = {"intent": "play_specific_song", "artist": "Radiohead", "track": "No Surprises", "confidence": 0.4}


@pytest.fixture(name="app", scope="module")
def _app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("chat")) as app:
        yield app


@pytest.fixture(name="dana")
def _dana(app: Serving) -> httpx2.Client:
    """Dana, signed in, with nothing said yet."""
    client = app.signed_in("dana")
    assert client.post(f"{API}/clear-history").status_code == 200
    return client


@pytest.fixture(name="unsure")
def _unsure(tmp_path: Path) -> Iterator[Serving]:
    """DJ Forge with a model that is 40 % sure of whatever it is asked."""
    with (
        FakeChatProvider([chat(json.dumps(UNSURE), model="gpt-unsure")]) as provider,
        serving(tmp_path, OPENAI_BASE_URL=provider.base_url, DJFORGE_DEFAULT_MODEL="gpt-unsure") as app,
    ):
        yield app


def refused(answer: httpx2.Response, field: str) -> str:
    """The sentence of a refusal of one field."""
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (400, "invalid", field)
    message: str = error["message"]
    assert message.endswith((".", "hear."))
    return message


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        ({}, "command", "The command is missing: say what you would like to hear."),
        ({"command": None}, "command", "The command is missing: say what you would like to hear."),
        ({"command": ""}, "command", "The command is empty: say what you would like to hear."),
        ({"command": " \n\t "}, "command", "The command is empty: say what you would like to hear."),
        ({"command": 7}, "command", "The command must be text."),
        ({"command": ["play"]}, "command", "The command must be text."),
        ({"command": "x" * 501}, "command", "The command has 501 characters; 500 are the most."),
        (["play jazz"], "body", "The body must be a JSON object."),
        ("play jazz", "body", "The body must be a JSON object."),
    ],
)
def test_a_command_that_is_none_is_refused(
    app: Serving, dana: httpx2.Client, body: Any, field: str, sentence: str
) -> None:
    """A command that is missing, empty, no text or too long is a 400 that names the field; nothing is logged."""
    assert refused(dana.post(f"{API}/command", json=body), field) == sentence
    assert dana.get(f"{API}/history").json()["history"] == []


@pytest.mark.parametrize("body", [b"{", b"play jazz", b"\xff\xfe", b"[" * 50_000, b'{"command": "\xc3"}'])
def test_what_is_not_json_is_refused(dana: httpx2.Client, body: bytes) -> None:
    """Broken JSON, broken text and endless nesting are a 400 with a sentence."""
    answer = dana.post(f"{API}/command", content=body, headers={"content-type": "application/json"})
    assert refused(answer, "body") == "The body is not valid JSON."


def test_no_body_is_a_missing_command(dana: httpx2.Client) -> None:
    """An empty request lacks a command."""
    assert "missing" in refused(dana.post(f"{API}/command"), "command")


def test_a_flood_is_cut_off(dana: httpx2.Client) -> None:
    """A body over 64 KB is not read: 413, and the next request is served."""
    answer = dana.post(f"{API}/command", json={"command": "x" * 70_000})
    assert answer.status_code == 413
    assert dana.get(f"{API}/health").status_code == 200


def test_the_longest_command_is_taken(dana: httpx2.Client) -> None:
    """500 characters, counted without the blanks around them, of any writing, are fine."""
    command = ("玲" * 500).center(600)
    answer = dana.post(f"{API}/command", json={"command": command})
    assert answer.status_code == 200
    assert answer.json()["interpretation"]["command"] == command.strip()


@pytest.mark.parametrize("prefix", [API, "/api/claude"])
def test_a_command_changes_the_music(app: Serving, dana: httpx2.Client, prefix: str) -> None:
    """A command plays the song it names, tells which model understood it, and leaves one log with that story."""
    answer = dana.post(f"{prefix}/command", json={"command": "play So What by Miles Davis"})
    told = answer.json()
    assert (answer.status_code, told["success"]) == (200, True)
    assert told["message"] == "Playing “So What” by Miles Davis."
    assert told["interpretation"]["model"] == "local/rules-1"
    playback = dana.get("/api/control/current-track").json()["playback"]
    assert playback["item"]["name"] == "So What"
    entry = eventually(lambda: app.log.get_log(told["logId"]))
    assert entry.command == "play So What by Miles Davis"
    assert (entry.source, entry.status, entry.result.success) == ("api", "ok", True)
    assert entry.user_id == app.log.pseudonym("dana")


def test_history_is_told_oldest_first(dana: httpx2.Client) -> None:
    """The history has the newest eight turns, oldest first, with the model that answered and the log's id."""
    commands = [f"search song {number}" for number in range(10)]
    ids = [dana.post(f"{API}/command", json={"command": text}).json()["logId"] for text in commands]
    told = dana.get(f"{API}/history").json()
    assert told["count"] == 8
    assert [item["command"] for item in told["history"]] == commands[2:]
    assert [item["logId"] for item in told["history"]] == ids[2:]
    assert {item["model"] for item in told["history"]} == {"local/rules-1"}


def test_clearing_wipes_one_person_only(app: Serving, dana: httpx2.Client) -> None:
    """Clearing wipes one's own conversation and leaves another person's."""
    lee = app.signed_in("lee")
    lee.post(f"{API}/clear-history")
    for client in (dana, lee):
        client.post(f"{API}/command", json={"command": "pause"})
    cleared = dana.post(f"{API}/clear-history")
    assert (cleared.status_code, cleared.json()["success"]) == (200, True)
    assert dana.get(f"{API}/history").json()["count"] == 0
    assert [item["command"] for item in lee.get(f"{API}/history").json()["history"]] == ["pause"]


def test_a_question_comes_with_choices(dana: httpx2.Client) -> None:
    """What is not understood is asked back with choices that are commands, and changes nothing."""
    before = dana.get("/api/control/current-track").json()["playback"]["item"]
    told = dana.post(f"{API}/command", json={"command": "play bohemian"}).json()
    assert told["uiType"] == "clarification_buttons"
    assert told["clarificationOptions"][0]["value"] == "search bohemian"
    assert dana.get("/api/control/current-track").json()["playback"]["item"] == before
    found = dana.post(f"{API}/command", json={"command": told["clarificationOptions"][0]["value"]}).json()
    assert found["interpretation"]["intent"] == "search"


def test_an_unsure_model_asks_first(unsure: Serving) -> None:
    """Below 0.7 nothing is done before a yes; the yes does it once, a second one finds nothing to confirm."""
    client = unsure.signed_in()
    told = client.post(f"{API}/command", json={"command": "that sad one"}).json()
    assert told["confirmation_needed"] is True
    assert told["confidence"] == 0.4
    assert told["pending_action"]["track"] == "No Surprises"
    assert "No Surprises by Radiohead" in told["message"]
    assert unsure.simulator.requests("/v1/me/player/play") == []
    done = client.post(f"{API}/confirm").json()
    assert (done["success"], done["message"]) == (True, "Playing “No Surprises” by Radiohead.")
    assert len(unsure.simulator.requests("/v1/me/player/play")) == 1
    again = client.post(f"{API}/confirm")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "nothing_to_confirm")
    assert len(unsure.simulator.requests("/v1/me/player/play")) == 1


@pytest.mark.parametrize("how", ["route", "word"])
def test_a_no_changes_nothing(unsure: Serving, how: str) -> None:
    """A no, by route or typed, leaves the music as it was and closes the question."""
    client = unsure.signed_in()
    client.post(f"{API}/command", json={"command": "that sad one"})
    if how == "route":
        left = client.post(f"{API}/confirm", json={"confirm": False}).json()
    else:
        left = client.post(f"{API}/command", json={"command": "No, thanks."}).json()
    assert left["message"] == "All right, I left everything as it was."
    assert client.post(f"{API}/confirm").status_code == 409
    assert unsure.simulator.requests("/v1/me/player/play") == []


def test_a_typed_yes_is_a_yes(unsure: Serving) -> None:
    """“Yes please” to a question carries it out without asking a model."""
    client = unsure.signed_in()
    asked = client.post(f"{API}/command", json={"command": "that sad one"}).json()
    done = client.post(f"{API}/command", json={"command": "Yes, please!"}).json()
    assert done["message"] == "Playing “No Surprises” by Radiohead."
    assert done["logId"] == asked["logId"]


def test_a_question_belongs_to_its_session(unsure: Serving) -> None:
    """Another session of the same person, and another command, cannot confirm what was asked."""
    first, second = unsure.signed_in(), unsure.signed_in()
    first.post(f"{API}/command", json={"command": "that sad one"})
    assert second.post(f"{API}/confirm").status_code == 409
    first.post(f"{API}/clear-history")
    assert first.post(f"{API}/confirm").status_code == 409


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "delete", "uri": "spotify:track:a"}, "action"),
        ({"uri": "spotify:track:a"}, "action"),
        ({"action": "play"}, "uri"),
        ({"action": "play", "uri": "https://example.org/x"}, "uri"),
        ({"action": "play", "uri": "spotify:artist:a"}, "uri"),
        ({"action": "play", "uri": "spotify:track:a/../b"}, "uri"),
        ({"action": "play", "uri": "spotify:track:a", "name": 3}, "name"),
        ({"action": "play", "uri": "spotify:track:a", "name": "x" * 201}, "name"),
    ],
)
def test_direct_action_refuses_nonsense(dana: httpx2.Client, body: dict[str, Any], field: str) -> None:
    """A direct action with an unknown action or a URI that is none is a 400 that names the field."""
    refused(dana.post(f"{API}/direct-action", json=body), field)


def test_direct_action_plays_and_queues(dana: httpx2.Client) -> None:
    """A track found by a search is played and queued by its URI, without a model."""
    found = dana.post(f"{API}/command", json={"command": "search miles davis"}).json()["tracks"]
    for action in ("play", "queue"):
        body = {"action": action, "uri": found[0]["uri"], "name": found[0]["name"]}
        done = dana.post(f"{API}/direct-action", json=body).json()
        assert (done["success"], found[0]["name"] in done["message"]) == (True, True), done
    assert dana.get("/api/control/current-track").json()["playback"]["item"]["uri"] == found[0]["uri"]
    assert dana.get("/api/control/queue").json()["queue"]["queue"][0]["uri"] == found[0]["uri"]


def test_an_unknown_uri_is_told(dana: httpx2.Client) -> None:
    """A URI that Spotify does not know is a failure in words, not a success."""
    done = dana.post(f"{API}/direct-action", json={"action": "play", "uri": "spotify:track:nothere"}).json()
    assert done["success"] is False


def test_figures_are_for_the_administrator(app: Serving, dana: httpx2.Client) -> None:
    """The figures of all commands are told to the administrator and to nobody else."""
    dana.post(f"{API}/command", json={"command": "pause"})
    eventually(lambda: dana.get(f"{API}/stats").json()["totalRequests"] >= 1)
    assert app.signed_in("lee").get(f"{API}/stats").status_code == 403
    assert app.browser().get(f"{API}/stats").status_code == 401


def test_chat_health_is_open(app: Serving) -> None:
    """Whoever asks learns that commands can be taken, and nothing about anybody."""
    assert app.browser().get(f"{API}/health").json() == {"status": "ok", "interpreter": "flexible", "models": 1}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "command"),
        ("POST", "confirm"),
        ("POST", "direct-action"),
        ("GET", "history"),
        ("POST", "clear-history"),
    ],
)
def test_nobody_commands_without_signing_in(app: Serving, method: str, path: str) -> None:
    """Without a session each route of the chat is a 401 with a sentence."""
    answer = app.browser().request(
        method, f"{API}/{path}", json={"command": "play jazz"} if method == "POST" else None
    )
    assert answer.status_code == 401
    assert answer.json() == {"error": {"code": "signed_out", "message": "Sign in with Spotify first."}}
