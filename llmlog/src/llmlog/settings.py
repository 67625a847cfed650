"""The environment, read once into small frozen settings, one per stage.

`Settings.from_environment` is the only place that knows the variables' names. A value that cannot be used
stops the start with one sentence (`SettingsError`).
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import msgspec

from llmlog.cost.own_prices import OwnPrices
from llmlog.errors import SettingsError
from llmlog.spool.writer import FsyncMode

DEFAULT_RETENTION_DAYS = 90
DEFAULT_SPOOL_MAX_BYTES = 4 * 1024**3
_SIZE = re.compile(r"([0-9]{1,18})\s*(|k|m|g|kb|mb|gb|kib|mib|gib)")
_EXAMPLE_KEY = "0123456789abcdef" * 4
_SHOWN_CHARACTERS = 80
_UNIT_BYTES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_KEY = re.compile(r"v([1-9][0-9]{0,3}):([0-9a-fA-F]{32,128})")


class CaptureSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How entries are made ready: masking and pseudonyms."""

    mask_emails: bool = False
    mask_secrets: bool = True
    """Off only in code, for a host that masks by itself: what it hands over is then kept as it is."""
    pseudonym_keys: dict[int, bytes] | None = None
    """Keys by version; None = kept in the data directory, generated there when missing."""


class SpoolSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The disk side. `max_bytes` None = 4 GiB or a tenth of the free disk, the smaller."""

    max_bytes: int | None = None
    fsync: FsyncMode = "interval"


class ShipSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes entries from the spool to the store."""

    in_process: bool = True
    """A thread of this process; else `llmlog drain`, a process of its own."""


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The Redis side. `redis_url` None = the embedded server."""

    redis_url: str | None = None
    retention_days: int = DEFAULT_RETENTION_DAYS
    max_bytes: int | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything llmlog reads from the environment."""

    data_dir: Path
    capture: CaptureSettings = CaptureSettings()
    spool: SpoolSettings = SpoolSettings()
    ship: ShipSettings = ShipSettings()
    store: StoreSettings = StoreSettings()
    own_prices: OwnPrices | None = None
    """What calls cost that nobody reported, where genai-prices do not know it or know it wrong."""
    environment: str = ""
    """A label for the pages, e.g. `production`."""
    admin_token: str | None = None
    """Opens `llmlog serve` when it stands alone."""

    @property
    def spool_root(self) -> Path:
        """Where the spools of the data directory lie."""
        return self.data_dir / "spool"

    def spool_limit(self) -> int:
        """The bound of all spools together: as set, else 4 GiB or a tenth of the free disk, the smaller."""
        if self.spool.max_bytes is not None:
            return self.spool.max_bytes
        nearest = next((path for path in (self.data_dir, *self.data_dir.parents) if path.exists()), None)
        if nearest is None:
            return DEFAULT_SPOOL_MAX_BYTES
        return min(DEFAULT_SPOOL_MAX_BYTES, shutil.disk_usage(nearest).free // 10)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the variables; an empty value counts as not set. Raises SettingsError."""
        read = _Reader(os.environ if environ is None else environ)
        read.refuse("LLMLOG_BODY_KEYS", "is set, but this version does not encrypt bodies yet.")
        return cls(
            data_dir=read.directory("LLMLOG_DATA_DIR", default_data_dir(read.environ)),
            capture=CaptureSettings(
                mask_emails=read.switch("LLMLOG_MASK_EMAILS"),
                pseudonym_keys=read.keys("LLMLOG_PSEUDONYM_KEYS"),
            ),
            spool=SpoolSettings(
                max_bytes=read.size("LLMLOG_SPOOL_MAX_BYTES", at_least=64 * 1024**2),
                fsync=cast("FsyncMode", read.one_of("LLMLOG_SPOOL_FSYNC", ("interval", "always", "never"))),
            ),
            ship=ShipSettings(in_process=read.one_of("LLMLOG_SHIPPING", ("thread", "drain")) == "thread"),
            store=StoreSettings(
                redis_url=read.redis_url("LLMLOG_REDIS_URL"),
                retention_days=read.whole("LOG_RETENTION_DAYS", DEFAULT_RETENTION_DAYS, 1, 3650),
                max_bytes=read.size("LLMLOG_REDIS_MAX_BYTES", at_least=32 * 1024**2),
            ),
            own_prices=read.prices("LLMLOG_PRICES_FILE"),
            environment=read.text("LLMLOG_ENVIRONMENT") or "",
            admin_token=read.token("LLMLOG_ADMIN_TOKEN"),
        )


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """The user's data directory: `$XDG_DATA_HOME/llmlog`, `~/.local/share/llmlog`, or macOS's own."""
    if base := environ.get("XDG_DATA_HOME"):
        return Path(base) / "llmlog"
    home = Path(environ.get("HOME") or Path.home())
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "llmlog"
    return home / ".local" / "share" / "llmlog"


class _Reader:
    """One method per kind of value; each raises SettingsError with the sentence a person needs."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ

    def text(self, name: str) -> str | None:
        value = self.environ.get(name, "").strip()
        return value or None

    def refuse(self, name: str, fault: str) -> None:
        if self.text(name) is not None:
            raise SettingsError(name, fault + " Leave it empty.", "")

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise SettingsError(
                name, f"must be a whole number from {low} to {high}, not “{_shown(value)}”.", str(default)
            )
        return int(value)

    def switch(self, name: str) -> bool:
        value = (self.text(name) or "no").lower()
        if value in {"1", "true", "yes", "on"}:
            return True
        if value in {"0", "false", "no", "off"}:
            return False
        raise SettingsError(name, f"must be yes or no, not “{_shown(value)}”.", "yes")

    def size(self, name: str, at_least: int) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        match = _SIZE.fullmatch(value.lower())
        if match is None:
            raise SettingsError(name, f"must be a size in bytes, MB or GB, not “{_shown(value)}”.", "2GB")
        size = int(match[1]) * _UNIT_BYTES[match[2][:1]]
        if size < at_least:
            raise SettingsError(name, f"must be at least {at_least // 1024**2} MB, not “{_shown(value)}”.", "2GB")
        return size

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        """One of some words; the first is the default."""
        value = self.text(name) or choices[0]
        if value not in choices:
            words = ", ".join(choices[:-1]) + " or " + choices[-1]
            raise SettingsError(name, f"must be {words}, not “{_shown(value)}”.", choices[0])
        return value

    def directory(self, name: str, default: Path) -> Path:
        value = self.text(name)
        if value is None:
            return default
        path = Path(value).expanduser()
        if not path.is_absolute():
            raise SettingsError(name, f"must be an absolute path, not “{_shown(value)}”.", "/var/lib/llmlog")
        if path.exists() and not path.is_dir():
            raise SettingsError(name, f"must be a directory, and “{_shown(value)}” is a file.", "/var/lib/llmlog")
        return path

    def redis_url(self, name: str) -> str | None:
        value = self.text(name)
        if value is None:
            return None
        example = "redis://127.0.0.1:6379/0"
        try:
            parts = urlsplit(value)
            port = parts.port
        except ValueError:
            raise SettingsError(name, "is not a URL that can be read.", example) from None
        if parts.scheme not in ("redis", "rediss", "unix"):
            raise SettingsError(
                name, f"must begin with redis://, rediss:// or unix://, not “{parts.scheme}:”.", example
            )
        if parts.scheme != "unix" and not parts.hostname:
            raise SettingsError(name, "names no host.", example)
        database = parts.path.strip("/")
        if parts.scheme != "unix" and database and not re.fullmatch("[0-9]{1,5}", database):
            raise SettingsError(name, f"ends in “/{_shown(database)}”, which is no database number.", example)
        if port == 0:
            raise SettingsError(name, "has port 0.", example)
        if parts.scheme == "unix" and not parts.path.strip("/"):
            raise SettingsError(name, "names no socket.", "unix:///run/redis/redis.sock")
        self._check_options(name, value, example)
        return value

    def _check_options(self, name: str, url: str, example: str) -> None:
        from redis.connection import parse_url  # not before somebody uses a Redis of their own

        try:
            parse_url(url)  # type: ignore[no-untyped-call]
        except ValueError:
            raise SettingsError(name, "has options after “?” that cannot be used.", example) from None

    def keys(self, name: str) -> dict[int, bytes] | None:
        value = self.text(name)
        return None if value is None else parse_keys(name, value)

    def prices(self, name: str) -> OwnPrices | None:
        value = self.text(name)
        if value is None:
            return None
        example = "/etc/llmlog/prices.toml"
        try:
            return OwnPrices.read(Path(value).expanduser())
        except OSError as error:
            fault = f"names a file that cannot be read: “{_shown(value)}” ({error.strerror})."
        except ValueError as error:
            fault = f"names a price list that cannot be used: {_shown(str(error))}."
        raise SettingsError(name, fault, example)

    def token(self, name: str) -> str | None:
        value = self.text(name)
        if value is not None and len(value) < 16:
            raise SettingsError(name, "must have 16 characters or more.", "a-long-random-sentence")
        return value


def _shown(value: str) -> str:
    """A wrong value as it stands in a sentence."""
    return value if len(value) <= _SHOWN_CHARACTERS else value[:_SHOWN_CHARACTERS] + "…"


def parse_keys(name: str, value: str) -> dict[int, bytes]:
    """A key ring `v1:<hex>,v2:<hex>`; the highest version writes, all are read. Raises SettingsError."""
    keys: dict[int, bytes] = {}
    for part in value.split(","):
        match = _KEY.fullmatch(part.strip())
        if match is None or len(match[2]) % 2:
            raise SettingsError(
                name,
                "must be a list of keys v<number>:<32 to 128 hex digits>.",
                f"v1:{_EXAMPLE_KEY}",
            )
        if int(match[1]) in keys:
            raise SettingsError(
                name, f"has the key v{int(match[1])} twice.", f"v1:{_EXAMPLE_KEY},v2:{_EXAMPLE_KEY}"
            )
        keys[int(match[1])] = bytes.fromhex(match[2])
    return keys
