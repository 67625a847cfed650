"""The environment, read once into frozen settings.

`Settings.from_environment` is the only place that knows the variables' names; an empty value counts as not
set. A value that cannot be used stops the start with one sentence (`SettingsError`). llmlog reads its own
variables from the same environment.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from dotenv import dotenv_values

DEFAULT_PORT = 4001
CALLBACK_PATH = "/api/auth/callback"
SPOTIFY_API_URL = "https://api.spotify.com/v1"
SPOTIFY_ACCOUNTS_URL = "https://accounts.spotify.com"
ADMIN_PLACEHOLDER = "your_spotify_user_id_here"

_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_CLIENT_ID = re.compile(r"[A-Za-z0-9]{8,64}")
_SESSION_KEY = re.compile(r"[0-9a-fA-F]{64}")
_MODEL = re.compile(r"[!-~]{1,200}")
_SECRET = re.compile(r"[!-~]{8,512}")


class SettingsError(Exception):
    """A setting cannot be used: the sentence names the variable, the fault and an example."""

    def __init__(self, variable: str, fault: str, example: str) -> None:
        super().__init__(f"{variable} {fault}" + (f" Example: {variable}={example}" if example else ""))
        self.variable = variable


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
    attempt_timeout_s: float = 20.0


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
        read = _Reader(environ)
        host = read.host("HOST", "127.0.0.1")
        port = read.whole("PORT", DEFAULT_PORT, 1, 65535)
        admin_ids, notices = _administrators(read)
        return cls(
            host=host,
            port=port,
            redis_url=read.url("DJFORGE_REDIS_URL", ("redis", "rediss", "unix"), "redis://127.0.0.1:6379/0"),
            session_key=read.session_key("DJFORGE_SESSION_KEY"),
            trusted_proxy=read.addresses("DJFORGE_TRUSTED_PROXY"),
            spotify=_spotify(read, port),
            llm=_llm(read),
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


def environment_of(environ: Mapping[str, str], directory: Path) -> dict[str, str]:
    """The environment over the `.env` file of a directory: a variable that is really set wins. Nothing is
    written to the process's environment. Raises SettingsError when the file cannot be read."""
    path = directory / ".env"
    try:
        of_file = dotenv_values(path, interpolate=False) if path.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        fault = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "cannot be read"
        raise SettingsError(".env", f"({path}) {fault}.", "") from error
    merged = {name: value for name, value in of_file.items() if value is not None}
    return merged | {name: value for name, value in environ.items() if value.strip()}


def _administrators(read: _Reader) -> tuple[tuple[str, ...], tuple[str, ...]]:
    given = [part for part in read.parts("ADMIN_SPOTIFY_ID") if part.strip("'\" ")]
    ids = tuple(part for part in given if part != ADMIN_PLACEHOLDER)
    if ids:
        return ids, ()
    why = "still holds the placeholder of .env.example" if given else "is not set"
    return (), (f"ADMIN_SPOTIFY_ID {why}: nobody is administrator of the logs.",)


def _spotify(read: _Reader, port: int) -> SpotifySettings:
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


def _llm(read: _Reader) -> LlmSettings:
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
        attempt_timeout_s=read.seconds("DJFORGE_ATTEMPT_TIMEOUT_S", 20.0, 0.1, 600.0),
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Reader:
    """One method per kind of value; each raises SettingsError with the sentence a person needs."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str) -> str | None:
        return self._environ.get(name, "").strip() or None

    def parts(self, name: str) -> tuple[str, ...]:
        value = self.text(name) or ""
        return tuple(part.strip() for part in value.split(",") if part.strip())

    def matching(self, name: str, pattern: re.Pattern[str], fault: str, example: str) -> str | None:
        value = self.text(name)
        if value is not None and not pattern.fullmatch(value):
            raise SettingsError(name, fault, example)
        return value

    def secret(self, name: str) -> str | None:
        return self.matching(name, _SECRET, "must have 8 characters or more, without spaces.", "sk-your-key")

    def model(self, name: str) -> str | None:
        example = "google/gemini-2.5-flash"
        return self.matching(name, _MODEL, "must be one model's name, without spaces.", example)

    def models(self, name: str) -> tuple[str, ...]:
        names = self.parts(name)
        for part in names:
            if not _MODEL.fullmatch(part):
                fault = f"must be a list of models with commas between; “{part}” is no name."
                raise SettingsError(name, fault, "openai/gpt-5-mini,google/gemini-2.5-flash")
        return names

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise SettingsError(name, f"must be a whole number from {low} to {high}, not “{value}”.", str(default))
        return int(value)

    def seconds(self, name: str, default: float, low: float, high: float) -> float:
        value = self.text(name)
        if value is None:
            return default
        number = float(value) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", value) else 0.0
        if not low <= number <= high:
            raise SettingsError(name, f"must be seconds from {low:g} to {high:g}, not “{value}”.", f"{default:g}")
        return number

    def session_key(self, name: str) -> bytes | None:
        value = self.matching(
            name,
            _SESSION_KEY,
            "must be 64 hexadecimal digits (openssl rand -hex 32).",
            "0123456789abcdef" * 4,
        )
        return None if value is None else bytes.fromhex(value)

    def host(self, name: str, default: str) -> str:
        value = self.text(name) or default
        try:
            return str(ipaddress.ip_address(value))
        except ValueError:
            if _HOST_NAME.fullmatch(value):
                return value
        raise SettingsError(name, f"must be an address to listen on, not “{value}”.", default)

    def addresses(self, name: str) -> tuple[str, ...]:
        found = self.parts(name)
        for part in found:
            try:
                ipaddress.ip_network(part)
            except ValueError:
                fault = f"must be the proxy's IP address or network, not “{part}”."
                raise SettingsError(name, fault, "10.0.0.5") from None
        return found

    def url(self, name: str, schemes: tuple[str, ...], example: str) -> str | None:
        value = self.text(name)
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            port = parts.port
        except ValueError:
            raise SettingsError(name, "is not a URL that can be read.", example) from None
        if parts.scheme not in schemes:
            wanted = " or ".join(f"{scheme}://" for scheme in schemes)
            raise SettingsError(name, f"must begin with {wanted}.", example)
        if parts.scheme != "unix" and not parts.hostname:
            raise SettingsError(name, "names no host.", example)
        if port == 0:
            raise SettingsError(name, "has port 0.", example)
        return value

    def base_url(self, name: str, example: str) -> str | None:
        value = self.url(name, ("https", "http"), example)
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.query or parts.fragment or parts.username:
            raise SettingsError(name, "must be a plain address, without user, “?” or “#”.", example)
        return value.rstrip("/")

    def redirect_uri(self, name: str, default: str) -> str:
        value = self.base_url(name, default)
        if value is None:
            return default
        parts = urlsplit(value)
        if parts.path != CALLBACK_PATH:
            raise SettingsError(name, f"must end in {CALLBACK_PATH}.", default)
        if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "::1"):
            raise SettingsError(
                name, "must be https, or http on 127.0.0.1; Spotify refuses everything else.", default
            )
        return value
