"""Reading variables of the environment: one method per kind of value, one sentence for each that is wrong."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

CALLBACK_PATH = "/api/auth/callback"

_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_SESSION_KEY = re.compile(r"[0-9a-fA-F]{64}")
_MODEL = re.compile(r"[!-~]{1,200}")
_SECRET = re.compile(r"[!-~]{8,512}")


class SettingsError(Exception):
    """A setting cannot be used: the sentence names the variable, the fault and an example."""

    def __init__(self, variable: str, fault: str, example: str) -> None:
        super().__init__(f"{variable} {fault}" + (f" Example: {variable}={example}" if example else ""))
        self.variable = variable


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


class EnvironmentReader:
    """One method per kind of value; each raises SettingsError with the sentence a person needs."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str) -> str | None:
        """A value without the blanks around it; None when there is nothing left."""
        return self._environ.get(name, "").strip() or None

    def parts(self, name: str) -> tuple[str, ...]:
        """The parts between commas that are not blank."""
        value = self.text(name) or ""
        return tuple(part.strip() for part in value.split(",") if part.strip())

    def matching(self, name: str, pattern: re.Pattern[str], fault: str, example: str) -> str | None:
        """A text of a given form, or None."""
        value = self.text(name)
        if value is not None and not pattern.fullmatch(value):
            raise SettingsError(name, fault, example)
        return value

    def secret(self, name: str) -> str | None:
        """A key that a header can carry, or None."""
        return self.matching(name, _SECRET, "must have 8 characters or more, without spaces.", "sk-your-key")

    def model(self, name: str) -> str | None:
        """The id of one model, or None."""
        example = "google/gemini-2.5-flash"
        return self.matching(name, _MODEL, "must be one model's name, without spaces.", example)

    def models(self, name: str) -> tuple[str, ...]:
        """Ids of models."""
        names = self.parts(name)
        for part in names:
            if not _MODEL.fullmatch(part):
                fault = f"must be a list of models with commas between; “{part}” is no name."
                raise SettingsError(name, fault, "openai/gpt-5-mini,google/gemini-2.5-flash")
        return names

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self.text(name)
        if value is None:
            return default
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise SettingsError(name, f"must be a whole number from {low} to {high}, not “{value}”.", str(default))
        return int(value)

    def switch(self, name: str) -> bool:
        """Yes or no; no when not set. Raises SettingsError."""
        value = (self.text(name) or "no").lower()
        if value not in ("yes", "no"):
            raise SettingsError(name, f"must be yes or no, not “{value}”.", "no")
        return value == "yes"

    def seconds(self, name: str, default: float, low: float, high: float) -> float:
        """Seconds from `low` to `high`."""
        value = self.text(name)
        if value is None:
            return default
        number = float(value) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", value) else 0.0
        if not low <= number <= high:
            raise SettingsError(name, f"must be seconds from {low:g} to {high:g}, not “{value}”.", f"{default:g}")
        return number

    def session_key(self, name: str) -> bytes | None:
        """32 bytes written in hexadecimal, or None."""
        value = self.matching(
            name,
            _SESSION_KEY,
            "must be 64 hexadecimal digits (openssl rand -hex 32).",
            "0123456789abcdef" * 4,
        )
        return None if value is None else bytes.fromhex(value)

    def host(self, name: str, default: str) -> str:
        """An address or a name to listen on."""
        value = self.text(name) or default
        try:
            return str(ipaddress.ip_address(value))
        except ValueError:
            if _HOST_NAME.fullmatch(value):
                return value
        raise SettingsError(name, f"must be an address to listen on, not “{value}”.", default)

    def addresses(self, name: str) -> tuple[str, ...]:
        """IP addresses and networks."""
        found = self.parts(name)
        for part in found:
            try:
                ipaddress.ip_network(part)
            except ValueError:
                fault = f"must be the proxy's IP address or network, not “{part}”."
                raise SettingsError(name, fault, "10.0.0.5") from None
        return found

    def url(self, name: str, schemes: tuple[str, ...], example: str) -> str | None:
        """A URL of one of these schemes that names a host, or None."""
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
        """A plain http(s) address without a slash at its end, or None."""
        value = self.url(name, ("https", "http"), example)
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.query or parts.fragment or parts.username:
            raise SettingsError(name, "must be a plain address, without user, “?” or “#”.", example)
        return value.rstrip("/")

    def redirect_uri(self, name: str, default: str) -> str:
        """Where Spotify sends people back to: https, or this machine."""
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
