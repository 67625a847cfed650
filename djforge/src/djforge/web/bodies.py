"""What comes in with a request, checked: JSON objects, forms and their fields."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from starlette.requests import Request

from djforge.web.errors import Refused

MAX_COMMAND_CHARACTERS = 500
_URI = re.compile(r"spotify:(track|album|playlist):[0-9A-Za-z]{1,64}")


class Invalid(Refused):
    """A field of a request cannot be used; the sentence says why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(400, "invalid", message, field)


async def json_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object; no body counts as an empty one. Raises Invalid."""
    body = await request.body()
    try:
        value = msgspec.json.decode(body) if body.strip() else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Invalid("body", "The body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise Invalid("body", "The body must be a JSON object.")
    return value


async def form_field(request: Request, name: str) -> object:
    """One field of a form, or None."""
    async with request.form(max_files=0, max_fields=20) as form:
        return form.get(name)


def command(value: object) -> str:
    """What the person asked for. Raises Invalid."""
    if value is None:
        raise Invalid("command", "The command is missing: say what you would like to hear.")
    if not isinstance(value, str):
        raise Invalid("command", "The command must be text.")
    text = value.strip()
    if not text:
        raise Invalid("command", "The command is empty: say what you would like to hear.")
    if len(text) > MAX_COMMAND_CHARACTERS:
        raise Invalid("command", f"The command has {len(text)} characters; {MAX_COMMAND_CHARACTERS} are the most.")
    return text


def percent(value: object, field: str) -> int:
    """A whole number from 0 to 100. Raises Invalid."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        raise Invalid(field, f"{field} must be a whole number from 0 to 100.")
    return value


def truth(value: object, field: str, default: bool) -> bool:
    """true or false. Raises Invalid."""
    if value is None:
        return default
    if not isinstance(value, bool):
        raise Invalid(field, f"{field} must be true or false.")
    return value


def text(value: object, field: str, max_characters: int = 200) -> str:
    """A text that is there. Raises Invalid."""
    if not isinstance(value, str) or not value.strip():
        raise Invalid(field, f"{field} is missing.")
    if len(value) > max_characters:
        raise Invalid(field, f"{field} is longer than {max_characters} characters.")
    return value.strip()


def spotify_uri(value: object, field: str = "uri") -> str:
    """A track's, album's or playlist's URI. Raises Invalid."""
    given = text(value, field)
    if not _URI.fullmatch(given):
        raise Invalid(field, f"{field} must be a Spotify URI of a track, album or playlist.")
    return given
