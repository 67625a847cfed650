"""Keyed pseudonyms: `v<key version>:` + the first 32 hex digits of HMAC-SHA-256(key, domain + id).

The domain (`user`, `session`) is part of what is signed, so that the same text as a user id and as a session
id gives two pseudonyms. Without the key nobody can compute one from a public id. Rotation: the newest key
writes, all live keys are looked up.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Literal

from llmlog.settings import parse_keys

Domain = Literal["user", "session"]

DIGITS = 32
CACHE_ENTRIES = 4096
FILE_NAME = "pseudonym.keys"


class PseudonymKeys:
    """The key ring: from the settings, or from a file in the data directory (mode 0600), made when missing."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        self.by_version = dict(keys)
        self.newest = max(self.by_version)

    @classmethod
    def load_or_create(cls, data_dir: Path) -> tuple[PseudonymKeys, bool]:
        """The ring of a data directory, and whether it was made just now. Raises OSError, SettingsError."""
        path = data_dir / FILE_NAME
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        created = False
        if not path.exists():
            building = data_dir / f".{FILE_NAME}.{os.getpid()}.{os.urandom(4).hex()}"
            fd = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "w") as file:
                file.write(f"v1:{os.urandom(32).hex()}\n")
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(building, path)  # fails where another process was first; theirs counts
                created = True
            except FileExistsError:
                pass
            finally:
                building.unlink()
        text = path.read_text().strip().replace("\n", ",")
        return cls(parse_keys(str(path), text)), created


class Pseudonyms:
    """Makes and looks up pseudonyms. Holds keyed states that are copied, so making one costs microseconds."""

    def __init__(self, keys: PseudonymKeys) -> None:
        self._keys = keys
        self._states = {
            (version, domain): hmac.new(key, f"llmlog:{domain}:v1:".encode(), sha256)
            for version, key in keys.by_version.items()
            for domain in ("user", "session")
        }
        self._cache: dict[tuple[str, str], str] = {}

    def of(self, domain: Domain, identifier: str) -> str:
        """The pseudonym to write."""
        known = self._cache.get((domain, identifier))
        if known is not None:
            return known
        pseudonym = self._make(self._keys.newest, domain, identifier)
        if len(self._cache) >= CACHE_ENTRIES:
            self._cache.clear()
        self._cache[(domain, identifier)] = pseudonym
        return pseudonym

    def all_of(self, domain: Domain, identifier: str) -> list[str]:
        """The pseudonyms under every live key, newest first: what to look up."""
        return [self._make(version, domain, identifier) for version in sorted(self._keys.by_version, reverse=True)]

    def _make(self, version: int, domain: Domain, identifier: str) -> str:
        state = self._states[(version, domain)].copy()
        state.update(identifier.encode("utf-8", "surrogatepass"))
        return f"v{version}:{state.hexdigest()[:DIGITS]}"
