"""Static files: their addresses carry a hash of the content, so that browsers may keep them for good."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

ONE_YEAR_S = 31_536_000


class HashedFiles(StaticFiles):
    """Serves a directory; asked with the right hash (`?v=`), an answer may be cached for a year."""

    def __init__(self, directory: Path, prefix: str) -> None:
        super().__init__(directory=directory)
        self._prefix = prefix
        self._hashes = {
            path.relative_to(directory).as_posix(): sha256(path.read_bytes()).hexdigest()[:12]
            for path in sorted(directory.rglob("*"))
            if path.is_file()
        }

    def address(self, name: str) -> str:
        """The address of a file. Raises KeyError for one that does not exist."""
        return f"{self._prefix}/{name}?v={self._hashes[name]}"

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        asked = scope["query_string"].decode("latin-1")
        known = self._hashes.get(path)
        if known is not None and asked == f"v={known}":
            response.headers["Cache-Control"] = f"public, max-age={ONE_YEAR_S}, immutable"
        else:
            response.headers["Cache-Control"] = "no-cache"
        return response
