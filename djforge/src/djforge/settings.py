"""The environment, read once into frozen settings.

`Settings.from_environment` is the only place that knows the variables' names; an empty value counts as not
set. A value that cannot be used stops the start with one sentence (`SettingsError`). llmlog reads its own
variables from the same environment.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from djforge.environment import CALLBACK_PATH, EnvironmentReader, SettingsError, environment_of

__all__ = [
    "CALLBACK_PATH",
    "LlmSettings",
    "ProviderSettings",
    "Settings",
    "SettingsError",
    "SpotifySettings",
    "environment_of",
]

DEFAULT_PORT = 4001
SPOTIFY_API_URL = "https://api.spotify.com/v1"
SPOTIFY_ACCOUNTS_URL = "https://accounts.spotify.com"
ADMIN_PLACEHOLDER = "your_spotify_user_id_here"

_CLIENT_ID = re.compile(r"[A-Za-z0-9]{8,64}")


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach one provider of models. `base_url` None = the provider's own address."""

    api_key: str | None = None
    base_url: str | None = None

    @property
    def configured(self) -> bool:
        """Whether there is anything to ask: a key, or a server of one's own that may need none."""
        return self.api_key is not None or self.base_url is not None

    def __repr__(self) -> str:
        return f"ProviderSettings(api_key={'set' if self.api_key else None}, base_url={self.base_url!r})"


class LlmSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which models are asked, in which order, and for how long."""

    openrouter: ProviderSettings = ProviderSettings()
    openai: ProviderSettings = ProviderSettings()
    default_model: str | None = None
    fallback_models: tuple[str, ...] = ()
    offered_models: tuple[str, ...] = ()
    tell_what_plays: bool = False
    """Whether the song that plays goes into the prompt."""
    """What people may choose beside the default and the fallbacks."""
    attempt_timeout_s: float = 20.0
    app_url: str = f"http://127.0.0.1:{DEFAULT_PORT}"
    """Where people reach this app; OpenRouter is told."""

    @property
    def any_provider(self) -> bool:
        """Whether a provider of models is asked; without one the built-in rules answer."""
        return self.openrouter.configured or self.openai.configured


class SpotifySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where Spotify is. `client_id` None = the simulator."""

    client_id: str | None = None
    redirect_uri: str
    api_url: str = SPOTIFY_API_URL
    accounts_url: str = SPOTIFY_ACCOUNTS_URL


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything DJ Forge reads from the environment."""

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    redis_url: str | None = None
    """None = llmlog's Redis."""
    session_key: bytes | None = None
    """32 bytes that seal tokens and profiles; None = kept in llmlog's data directory."""
    trusted_proxy: tuple[str, ...] = ()
    """Addresses whose X-Forwarded-* headers are believed."""
    spotify: SpotifySettings
    llm: LlmSettings = LlmSettings()
    admin_ids: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    """What a person should be told at the start."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read the variables. Raises SettingsError."""
        read = EnvironmentReader(environ)
        host = read.host("HOST", "127.0.0.1")
        port = read.whole("PORT", DEFAULT_PORT, 1, 65535)
        admin_ids, notices = _administrators(read)
        spotify = _spotify(read, port)
        return cls(
            host=host,
            port=port,
            redis_url=read.url("DJFORGE_REDIS_URL", ("redis", "rediss", "unix"), "redis://127.0.0.1:6379/0"),
            session_key=read.session_key("DJFORGE_SESSION_KEY"),
            trusted_proxy=read.addresses("DJFORGE_TRUSTED_PROXY"),
            spotify=spotify,
            llm=_llm(read, spotify.redirect_uri.removesuffix(CALLBACK_PATH)),
            admin_ids=admin_ids,
            notices=notices,
        )

    @property
    def uses_simulator(self) -> bool:
        """Whether the built-in Spotify simulator takes Spotify's place."""
        return self.spotify.client_id is None

    @property
    def reachable_from_here_only(self) -> bool:
        """Whether the server listens on a loopback address with no proxy in front."""
        return _is_loopback(self.host) and not self.trusted_proxy

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        """The names this server answers to."""
        public = urlsplit(self.spotify.redirect_uri).hostname or ""
        bound = () if self.host in ("0.0.0.0", "::") else (self.host,)
        return tuple(dict.fromkeys((*bound, public, "127.0.0.1", "localhost")))

    def __repr__(self) -> str:
        return f"Settings(host={self.host!r}, port={self.port}, spotify={self.spotify!r}, llm={self.llm!r})"


def _administrators(read: EnvironmentReader) -> tuple[tuple[str, ...], tuple[str, ...]]:
    given = [part for part in read.parts("ADMIN_SPOTIFY_ID") if part.strip("'\" ")]
    ids = tuple(part for part in given if part != ADMIN_PLACEHOLDER)
    if ids:
        return ids, ()
    why = "still holds the placeholder of .env.example" if given else "is not set"
    return (), (f"ADMIN_SPOTIFY_ID {why}: nobody is administrator of the logs.",)


def _spotify(read: EnvironmentReader, port: int) -> SpotifySettings:
    client_id = read.matching(
        "SPOTIFY_CLIENT_ID",
        _CLIENT_ID,
        "must be the id of your Spotify app (letters and digits).",
        "0123456789abcdef0123456789abcdef",
    )
    if client_id is None:
        for name in ("SPOTIFY_API_URL", "SPOTIFY_ACCOUNTS_URL"):
            if read.text(name) is not None:
                raise SettingsError(
                    name, "is set but SPOTIFY_CLIENT_ID is not; without it the simulator is used.", ""
                )
    default = f"http://127.0.0.1:{port}{CALLBACK_PATH}"
    return SpotifySettings(
        client_id=client_id,
        redirect_uri=read.redirect_uri("SPOTIFY_REDIRECT_URI", default),
        api_url=read.base_url("SPOTIFY_API_URL", SPOTIFY_API_URL) or SPOTIFY_API_URL,
        accounts_url=read.base_url("SPOTIFY_ACCOUNTS_URL", SPOTIFY_ACCOUNTS_URL) or SPOTIFY_ACCOUNTS_URL,
    )


def _llm(read: EnvironmentReader, app_url: str) -> LlmSettings:
    return LlmSettings(
        openrouter=ProviderSettings(
            api_key=read.secret("OPENROUTER_API_KEY"),
            base_url=read.base_url("OPENROUTER_BASE_URL", "https://openrouter.ai/api/v1"),
        ),
        openai=ProviderSettings(
            api_key=read.secret("OPENAI_API_KEY"),
            base_url=read.base_url("OPENAI_BASE_URL", "https://api.openai.com/v1"),
        ),
        default_model=read.model("DJFORGE_DEFAULT_MODEL"),
        fallback_models=read.models("DJFORGE_FALLBACK_MODELS"),
        offered_models=read.models("DJFORGE_OFFERED_MODELS"),
        tell_what_plays=read.switch("DJFORGE_TELL_WHAT_PLAYS"),
        attempt_timeout_s=read.seconds("DJFORGE_ATTEMPT_TIMEOUT_S", 20.0, 0.1, 600.0),
        app_url=app_url,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
