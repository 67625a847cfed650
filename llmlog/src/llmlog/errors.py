"""Every error llmlog raises on purpose.

    LlmlogError
    ├── SettingsError        a value of the environment cannot be used; stops the start
    ├── BadRequest           an argument of a read cannot be used; names the field
    │   └── QuerySyntaxError a query cannot be read; says where and what to type (query/language/faults.py)
    ├── StoreUnavailable     Redis does not answer; carries since when and what is safe on disk
    ├── EmbeddedServerError  the bundled Redis could not be started
    └── SpoolError           the spool directory cannot be used at all

None of them ever leaves the logging side: `log_interaction` and `interaction` count and go on. They come
from opening the service and from reading.
"""

from __future__ import annotations


class LlmlogError(Exception):
    """Something llmlog could not do."""


class SettingsError(LlmlogError):
    """A setting cannot be used: the sentence names the variable, the fault and an example."""

    def __init__(self, variable: str, fault: str, example: str) -> None:
        super().__init__(f"{variable} {fault} Example: {variable}={example}")
        self.variable = variable
        self.fault = fault
        self.example = example


class BadRequest(LlmlogError):
    """An argument of a read cannot be used: names the field and says what to give instead."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class StoreUnavailable(LlmlogError):
    """The log store is not answering; new logs are kept on disk.

    since_ms: when it was first seen not answering, in ms since the epoch (UTC).
    reason: the short name of what went wrong, e.g. "ConnectionError".
    """

    def __init__(self, reason: str, since_ms: int | None = None) -> None:
        super().__init__(f"The log store is not answering ({reason}).")
        self.reason = reason
        self.since_ms = since_ms


class EmbeddedServerError(LlmlogError):
    """The embedded Redis could not be started."""


class SpoolError(LlmlogError):
    """The spool directory cannot be used."""
