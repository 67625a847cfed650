"""AES-GCM seals around what must not be readable in Redis, and the key they are made with.

A sealed value is `1` (format) + nonce (12 bytes) + ciphertext. The Redis key a value lives under is
authenticated with it, so that a value copied to another key does not open there.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = b"1"
NONCE_BYTES = 12
KEY_BYTES = 32
FILE_NAME = "djforge-session.key"

RandomBytes = Callable[[int], bytes]


class KeyUnusable(Exception):
    """The file of the session key holds no key; the sentence names it and says what to do."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} holds no key of 64 hexadecimal digits. Delete it, and everyone signs in anew.")


class Seal:
    """Seals and opens bytes with one key of 32 bytes."""

    def __init__(self, key: bytes, random_bytes: RandomBytes) -> None:
        self._cipher = AESGCM(key)
        self._random_bytes = random_bytes

    def close(self, value: bytes, place: str) -> bytes:
        """The value as it may be stored at `place`."""
        nonce = self._random_bytes(NONCE_BYTES)
        return FORMAT + nonce + self._cipher.encrypt(nonce, value, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes | None:
        """The value again; None when it was sealed with another key, for another place, or is damaged."""
        if sealed[:1] != FORMAT or len(sealed) <= 1 + NONCE_BYTES:
            return None
        nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, ciphertext, place.encode())
        except InvalidTag:
            return None


def load_or_create_key(directory: Path, random_bytes: RandomBytes) -> tuple[bytes, bool]:
    """The session key of a data directory, and whether it was made just now (mode 0600). Raises OSError, and
    KeyUnusable when the file holds no key."""
    path = directory / FILE_NAME
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    created = not path.exists() and _create(path, random_bytes)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        raise KeyUnusable(path) from None
    if len(key) != KEY_BYTES:
        raise KeyUnusable(path)
    return key, created


def _create(path: Path, random_bytes: RandomBytes) -> bool:
    building = path.with_name(f".{path.name}.{os.getpid()}.{random_bytes(4).hex()}")
    fd = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(random_bytes(KEY_BYTES).hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(building, path)
    except FileExistsError:  # another process was first; its key counts
        return False
    finally:
        building.unlink()
    return True
