"""Settings: what is read, what is refused and with which words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import djforge.settings
import llmlog.settings
from djforge.settings import Settings, SettingsError, environment_of

EXAMPLE = Path(__file__).parents[2] / ".env.example"
CLIENT = {"SPOTIFY_CLIENT_ID": "0123456789abcdef0123456789abcdef"}


def test_nothing_set_gives_the_demo_on_loopback() -> None:
    """Without any variable DJ Forge is the demo: port 4001 of this machine, simulator, no keys."""
    settings = Settings.from_environment({})
    assert (settings.host, settings.port) == ("127.0.0.1", 4001)
    assert settings.uses_simulator
    assert settings.reachable_from_here_only
    assert settings.spotify.redirect_uri == "http://127.0.0.1:4001/api/auth/callback"
    assert not settings.llm.openrouter.configured
    assert not settings.llm.openai.configured
    assert settings.llm.attempt_timeout_s == 20.0


def test_the_redirect_uri_follows_the_port() -> None:
    """The default way back from Spotify leads to the port that is listened on."""
    settings = Settings.from_environment({"PORT": "5005"})
    assert settings.spotify.redirect_uri == "http://127.0.0.1:5005/api/auth/callback"


def test_empty_and_blank_values_count_as_unset() -> None:
    """An empty line of .env is the same as no line."""
    names = re.findall(r"^([A-Z_]+)=", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert Settings.from_environment(dict.fromkeys(names, "")) == Settings.from_environment({})
    assert Settings.from_environment(dict.fromkeys(names, "  ")) == Settings.from_environment({})


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("PORT", "eighty", "must be a whole number from 1 to 65535, not “eighty”."),
        ("PORT", "0", "must be a whole number"),
        ("PORT", "65536", "must be a whole number"),
        ("PORT", "-1", "must be a whole number"),
        ("PORT", "٤٠٠١", "must be a whole number"),
        ("HOST", "http://127.0.0.1", "must be an address to listen on"),
        ("HOST", "two words", "must be an address to listen on"),
        ("DJFORGE_REDIS_URL", "localhost:6379", "must begin with redis://"),
        ("DJFORGE_REDIS_URL", "http://localhost", "must begin with redis://"),
        ("DJFORGE_REDIS_URL", "redis://", "names no host"),
        ("DJFORGE_REDIS_URL", "redis://localhost:99999", "is not a URL that can be read"),
        ("DJFORGE_REDIS_URL", "redis://localhost:0", "has port 0"),
        ("DJFORGE_SESSION_KEY", "short", "must be 64 hexadecimal digits"),
        ("DJFORGE_SESSION_KEY", "g" * 64, "must be 64 hexadecimal digits"),
        ("DJFORGE_DEFAULT_MODEL", "two words", "must be one model's name"),
        ("DJFORGE_FALLBACK_MODELS", "good/one, bad one", "“bad one” is no name"),
        ("DJFORGE_ATTEMPT_TIMEOUT_S", "soon", "must be seconds from 0.1 to 600"),
        ("DJFORGE_ATTEMPT_TIMEOUT_S", "0", "must be seconds from 0.1 to 600"),
        ("DJFORGE_ATTEMPT_TIMEOUT_S", "nan", "must be seconds from 0.1 to 600"),
        ("DJFORGE_ATTEMPT_TIMEOUT_S", "601", "must be seconds from 0.1 to 600"),
        ("DJFORGE_TRUSTED_PROXY", "*", "must be the proxy's IP address"),
        ("DJFORGE_TRUSTED_PROXY", "10.0.0.5,proxy", "not “proxy”"),
        ("SPOTIFY_CLIENT_ID", "your_client_id_here", "must be the id of your Spotify app"),
        ("SPOTIFY_REDIRECT_URI", "https://dj.example.com/callback", "must end in /api/auth/callback"),
        ("SPOTIFY_REDIRECT_URI", "http://dj.example.com/api/auth/callback", "must be https"),
        ("SPOTIFY_REDIRECT_URI", "http://localhost:4001/api/auth/callback", "must be https"),
        ("SPOTIFY_REDIRECT_URI", "https://dj.example.com/api/auth/callback?x=1", "must be a plain address"),
        ("SPOTIFY_API_URL", "https://api.spotify.com/v1", "SPOTIFY_CLIENT_ID is not"),
        ("SPOTIFY_ACCOUNTS_URL", "https://accounts.spotify.com", "SPOTIFY_CLIENT_ID is not"),
        ("OPENROUTER_API_KEY", "has a space", "must have 8 characters or more"),
        ("OPENAI_API_KEY", "short", "must have 8 characters or more"),
        ("OPENROUTER_BASE_URL", "openrouter.ai/api/v1", "must begin with https:// or http://"),
        ("OPENAI_BASE_URL", "http://user:word@127.0.0.1:1", "must be a plain address"),
        ("OPENAI_BASE_URL", "ftp://127.0.0.1", "must begin with https:// or http://"),
    ],
)
def test_a_bad_value_is_refused_in_one_sentence(name: str, value: str, fault: str) -> None:
    """A value that cannot be used is refused with its variable, its fault and an example."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({name: value})
    sentence = str(caught.value)
    assert sentence.startswith(name)
    assert fault in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("name", ["DJFORGE_SESSION_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY"])
def test_a_refusal_does_not_repeat_a_secret(name: str) -> None:
    """The sentence about a bad secret does not print the secret."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({name: "s3 cret"})
    assert "s3 cret" not in str(caught.value)


@pytest.mark.parametrize("value", ["", "   ", "''", '""', "' '", ",", " , ", "your_spotify_user_id_here"])
def test_no_administrator_means_nobody(value: str) -> None:
    """An empty, blank, quoted-empty or placeholder ADMIN_SPOTIFY_ID names nobody, and the start says so."""
    settings = Settings.from_environment({"ADMIN_SPOTIFY_ID": value})
    assert settings.admin_ids == ()
    assert any("nobody is administrator" in notice for notice in settings.notices)


def test_administrators_are_a_list() -> None:
    """Several administrators may be named with commas between; a placeholder among them is nobody."""
    settings = Settings.from_environment({"ADMIN_SPOTIFY_ID": " ana , ,your_spotify_user_id_here,ben "})
    assert settings.admin_ids == ("ana", "ben")
    assert settings.notices == ()


def test_a_provider_is_configured_by_its_key_or_its_address_alone() -> None:
    """A base URL without a key counts: a server of one's own may need none."""
    settings = Settings.from_environment({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1/"})
    assert settings.llm.openai.configured
    assert settings.llm.openai.base_url == "http://127.0.0.1:9/v1"
    assert not settings.llm.openrouter.configured


def test_secrets_are_not_in_the_repr() -> None:
    """Printing the settings shows no key."""
    settings = Settings.from_environment({"OPENAI_API_KEY": "sk-very-secret-1", "DJFORGE_SESSION_KEY": "ab" * 32})
    assert "sk-very-secret-1" not in repr(settings)
    assert repr(settings.session_key) not in repr(settings)


def test_allowed_hosts_are_the_bound_the_public_and_the_loopback_names() -> None:
    """The server answers to its own names only, never to any host when bound to all addresses."""
    settings = Settings.from_environment(
        CLIENT | {"HOST": "0.0.0.0", "SPOTIFY_REDIRECT_URI": "https://dj.example.com/api/auth/callback"}
    )
    assert settings.allowed_hosts == ("dj.example.com", "127.0.0.1", "localhost")
    assert not settings.reachable_from_here_only


def test_a_proxy_in_front_means_reachable_from_elsewhere() -> None:
    """A loopback server behind a proxy is not a private one."""
    assert not Settings.from_environment({"DJFORGE_TRUSTED_PROXY": "127.0.0.1"}).reachable_from_here_only


def test_the_example_names_every_variable_and_no_other() -> None:
    """.env.example holds exactly the variables that the two settings files read."""
    named = set(re.findall(r"^([A-Z_]+)=", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))
    sources = [Path(module.__file__ or "") for module in (djforge.settings, llmlog.settings)]
    read = {
        name
        for source in sources
        for name in re.findall(r'(?:read\.\w+\(|_limited\()\s*"([A-Z][A-Z0-9_]+)"', source.read_text("utf-8"))
    }
    read |= {"SPOTIFY_API_URL", "SPOTIFY_ACCOUNTS_URL"}
    assert named == read - {"LLMLOG_BODY_KEYS"}


def test_the_example_is_a_start_that_works() -> None:
    """A copy of .env.example starts DJ Forge as the demo."""
    lines = re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    settings = Settings.from_environment(dict(lines))
    llmlog.settings.Settings.from_environment(dict(lines))
    assert settings.uses_simulator
    assert settings.admin_ids == ()


def test_the_real_environment_wins_over_the_file(tmp_path: Path) -> None:
    """A variable that is set for real hides the one of .env; an empty one does not."""
    (tmp_path / ".env").write_text("PORT=5001\nHOST=127.0.0.2\nOPENAI_API_KEY='sk-$HOME-123'\n")
    merged = environment_of({"PORT": "6001", "HOST": ""}, tmp_path)
    assert merged == {"PORT": "6001", "HOST": "127.0.0.2", "OPENAI_API_KEY": "sk-$HOME-123"}


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    """Without .env only the environment counts."""
    assert environment_of({"PORT": "6001"}, tmp_path) == {"PORT": "6001"}


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """A .env that is not UTF-8 stops the start with one sentence."""
    (tmp_path / ".env").write_bytes(b"PORT=\xff\xfe\n")
    with pytest.raises(SettingsError, match="is not UTF-8 text"):
        environment_of({}, tmp_path)
