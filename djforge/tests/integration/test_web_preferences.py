"""The model a person chose reaches the provider, and no other model can be had."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fake_chat_provider import FakeChatProvider, chat
from web_serving import Serving, eventually, serving

from djforge.listener import keys
from djforge.spotify.simulator.music.catalogue import load_catalogue

PATH = "/api/preferences/models"
ANSWER = chat(json.dumps({"intent": "pause", "confidence": 0.95}), model=...)
OFFERED = {"DJFORGE_DEFAULT_MODEL": "google/first", "DJFORGE_OFFERED_MODELS": "google/second, qwen/third"}


@contextmanager
def offering(tmp_path: Path, **environment: str) -> Iterator[tuple[Serving, FakeChatProvider]]:
    """DJ Forge over an OpenRouter that answers whatever it is asked."""
    with (
        FakeChatProvider([ANSWER]) as provider,
        serving(tmp_path, OPENROUTER_BASE_URL=provider.base_url, **{**OFFERED, **environment}) as app,
    ):
        yield app, provider


@pytest.fixture(name="offered")
def _offered(tmp_path: Path) -> Iterator[tuple[Serving, FakeChatProvider]]:
    with offering(tmp_path) as offered:
        yield offered


def asked(client: httpx2.Client, provider: FakeChatProvider) -> Any:
    """The model that the provider is asked for by one command."""
    assert client.post("/api/llm/simple/command", json={"command": "pause"}).json()["success"] is True
    return provider.seen[-1].body["model"]


def test_what_is_offered(offered: tuple[Serving, FakeChatProvider]) -> None:
    """The default, the fallbacks and what the settings offer, by maker; nothing is chosen at first."""
    app, _ = offered
    told = app.signed_in().get(PATH).json()
    assert {maker: [model["id"] for model in models] for maker, models in told["models"].items()} == {
        "google": ["google/first", "google/second"],
        "qwen": ["qwen/third"],
    }
    assert (told["currentModel"], told["defaultModel"]) == ("google/first", "google/first")


def test_the_choice_reaches_the_provider(offered: tuple[Serving, FakeChatProvider]) -> None:
    """A person's choice is what the provider is asked for and what the log says was asked, in each session of
    that person and of nobody else; null goes back to the default."""
    app, provider = offered
    dana, lee = app.signed_in("dana"), app.signed_in("lee")
    assert asked(dana, provider) == "google/first"
    told = dana.post(PATH, json={"modelId": "qwen/third"}).json()
    assert told == {
        "success": True,
        "modelId": "qwen/third",
        "modelInfo": {"id": "qwen/third", "name": "third", "maker": "qwen"},
    }
    assert asked(dana, provider) == "qwen/third"
    assert asked(app.signed_in("dana"), provider) == "qwen/third"
    assert asked(lee, provider) == "google/first"
    log_id = dana.get("/api/llm/simple/history").json()["history"][-1]["logId"]
    entry = eventually(lambda: app.log.get_log(log_id))
    assert entry.llm_request.requested_model == "qwen/third"
    assert dana.get(PATH).json()["currentModel"] == "qwen/third"
    assert dana.post(PATH, json={"modelId": None}).json()["modelId"] == "google/first"
    assert asked(dana, provider) == "google/first"


def test_the_choice_is_kept_sealed(offered: tuple[Serving, FakeChatProvider]) -> None:
    """The choice lies in Redis under a pseudonym, unreadable, for 90 days from its last use."""
    app, provider = offered
    dana = app.signed_in("dana")
    dana.post(PATH, json={"modelId": "qwen/third"})
    store, key = app.log.redis_client(2.0), keys.model(app.log.pseudonym("dana"))
    assert b"qwen" not in store.get(key)
    store.expire(key, 1000)
    asked(dana, provider)
    assert keys.MODEL_S - 60 < store.ttl(key) <= keys.MODEL_S


@pytest.mark.parametrize(
    "body", [{"modelId": "openai/o1-pro"}, {"modelId": ""}, {"modelId": 3}, {}, {"model": "x"}]
)
def test_nothing_else_can_be_had(offered: tuple[Serving, FakeChatProvider], body: dict[str, Any]) -> None:
    """A model that is not offered is a 400 that names the field, and the choice stays."""
    app, provider = offered
    dana = app.signed_in("dana")
    dana.post(PATH, json={"modelId": "google/second"})
    answer = dana.post(PATH, json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "modelId")
    assert asked(dana, provider) == "google/second"


def test_a_choice_outlives_a_restart_while_it_is_offered(tmp_path: Path) -> None:
    """After a restart the choice is still there; where it is no longer offered, the default is asked."""
    with offering(tmp_path) as (app, _):
        app.signed_in("dana").post(PATH, json={"modelId": "qwen/third"})
    with offering(tmp_path) as (app, provider):
        assert asked(app.signed_in("dana"), provider) == "qwen/third"
    with offering(tmp_path, DJFORGE_OFFERED_MODELS="google/second") as (app, provider):
        dana = app.signed_in("dana")
        assert asked(dana, provider) == "google/first"
        assert dana.get(PATH).json()["currentModel"] == "google/first"


def test_the_page_offers_the_choice(offered: tuple[Serving, FakeChatProvider]) -> None:
    """The page's form chooses a model, shows it as chosen, and goes back to automatic."""
    app, provider = offered
    dana = app.signed_in("dana")
    assert "Automatic (google/first)" in dana.get("/").text
    assert dana.post("/chat/model", data={"model": "google/second"}).headers["location"] == "/"
    assert "<option selected>google/second</option>" in dana.get("/").text
    assert asked(dana, provider) == "google/second"
    dana.post("/chat/model", data={"model": ""})
    assert asked(dana, provider) == "google/first"
    assert dana.post("/chat/model", data={"model": "made/up"}).status_code == 400


def test_the_demo_has_no_choice(tmp_path: Path) -> None:
    """With the built-in rules alone there is one model and no form, whatever the settings offer."""
    with serving(tmp_path, **OFFERED) as app:
        dana = app.signed_in()
        assert dana.get(PATH).json()["models"].keys() == {"local"}
        assert "model-choice" not in dana.get("/").text


def test_the_first_page_says_where_words_go(tmp_path: Path) -> None:
    """Only with the built-in rules the demo promises that nothing leaves the machine."""
    with serving(tmp_path / "rules") as app:
        assert "Nothing leaves this machine." in app.browser().get("/").text
    with offering(tmp_path / "model") as (app, _):
        page = app.browser().get("/").text
        assert "Nothing leaves this machine." not in page
        assert "What you type is sent to the language model." in page


def test_nobody_chooses_without_signing_in(offered: tuple[Serving, FakeChatProvider]) -> None:
    """The choice is for people who are signed in."""
    app, _ = offered
    assert app.browser().get(PATH).status_code == 401
    assert app.browser().post(PATH, json={"modelId": None}).status_code == 401


def test_the_provider_is_told_where_this_app_is(tmp_path: Path) -> None:
    """OpenRouter gets the app's public address, taken from the settings."""
    public = "https://dj.example.org"
    with offering(tmp_path / "public", SPOTIFY_REDIRECT_URI=f"{public}/api/auth/callback") as (app, _):
        assert app.settings.llm.app_url == public
    with offering(tmp_path / "here") as (app, provider):
        asked(app.signed_in(), provider)
        assert provider.seen[-1].headers["http-referer"] == app.address


def test_the_model_is_told_what_plays(tmp_path: Path) -> None:
    """Where the settings allow it, the song that plays goes along with a command; without one nothing does."""
    with offering(tmp_path, DJFORGE_TELL_WHAT_PLAYS="yes") as (app, provider):
        title = _told_while_dana_listens(app, provider)
        assert title in _told(provider)
        app.simulator.switch_off_devices("lee")
        app.signed_in("lee").post("/api/llm/simple/command", json={"command": "pause"})
        assert title not in _told(provider)


def test_the_model_is_not_told_what_plays_by_default(offered: tuple[Serving, FakeChatProvider]) -> None:
    """What a person listens to stays here unless the settings say otherwise."""
    app, provider = offered
    assert _told_while_dana_listens(app, provider) not in _told(provider)


def _told_while_dana_listens(app: Serving, provider: FakeChatProvider) -> str:
    """Let a song play and ask for something; gives the song's title."""
    dana = app.signed_in("dana")
    song = load_catalogue().songs[0]
    assert dana.post("/api/llm/simple/direct-action", json={"action": "play", "uri": song.uri}).json()["success"]
    asked(dana, provider)
    return song.title


def _told(provider: FakeChatProvider) -> str:
    return " ".join(message["content"] for message in provider.seen[-1].body["messages"])
