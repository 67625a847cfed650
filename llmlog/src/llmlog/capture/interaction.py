"""An interaction: from what a person typed to what they saw, with every LLM call in between.

Each call becomes an entry of its own. When the call ends, a *provisional* frame is spooled; when the
interaction ends, a *final* frame takes its place, since interpretation and result are known only then. A
process that is killed in between leaves the provisional one, and so the call is never lost.
"""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from llmlog.entry import ErrorInfo, LlmCall, LogEntry, Result, Stage, Step

if TYPE_CHECKING:
    from llmlog.capture.recorder import OpenEntry, Recorder

current_interaction: contextvars.ContextVar[Interaction | None] = contextvars.ContextVar(
    "llmlog_interaction", default=None
)


class Interaction:
    """One command of one person. A context manager for sync and async code alike; made by
    `LLMLoggingService.interaction`. Nothing in here raises into the host, except the host's own exceptions,
    which pass through."""

    def __init__(self, recorder: Recorder, template: LogEntry) -> None:
        self.recorder = recorder
        self.trace_id = template.trace_id
        self.interpretation: Any = None
        """What the app made of the answer; set it when it is known."""
        self.tags: dict[str, Any] = dict(template.tags)
        self._template = template
        self._open: list[OpenEntry] = []
        self._steps: list[Step] = []
        self._result: Result | None = None
        self._stage: Stage | None = None
        self._error: ErrorInfo | None = None
        self._token: contextvars.Token[Interaction | None] | None = None

    @property
    def log_ids(self) -> list[str]:
        """Ids of the entries written in this interaction, in order."""
        return [entry.id for entry in self._open]

    def record_call(self, call: LlmCall) -> str | None:
        """Attach one finished LLM call; returns its entry's id, or None when it could not be logged."""
        entry = self.recorder.begin(self._template, call)
        if entry is None:
            return None
        self._open.append(entry)
        return entry.id

    def result(self, *, success: bool, message: str) -> None:
        """Say what the person saw in the end. `success=False` makes the entry an error."""
        self._result = Result(success=success, message=message)

    def fail(self, *, stage: Stage, type: str, message: str) -> None:
        """Mark the interaction as failed at a stage; the first failure named counts."""
        if self._error is None:
            self._stage = stage
            self._error = ErrorInfo(type=type, message=message)

    def add_step(self, step: Step) -> None:
        """Add a step that was timed elsewhere."""
        self._steps.append(step)

    @contextmanager
    def step(self, name: str, detail: Any = None) -> Iterator[None]:
        """Time what happens inside as one step."""
        clock = self.recorder.clock
        started_at, started_s = clock.now_ms(), clock.monotonic_s()
        try:
            yield
        finally:
            duration_ms = (clock.monotonic_s() - started_s) * 1000
            self._steps.append(
                Step(name=name, started_at=started_at, duration_ms=round(duration_ms, 3), detail=detail)
            )

    def __enter__(self) -> Interaction:
        self._token = current_interaction.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        if self._token is not None:
            try:
                current_interaction.reset(self._token)
            except ValueError:  # left in another context than entered, e.g. a generator that was closed
                current_interaction.set(None)
        if kind is not None and self._error is None:
            cancelled = kind.__name__ == "CancelledError"  # by name: importing asyncio takes 60 ms
            self._error = ErrorInfo(type="cancelled" if cancelled else kind.__name__, message=_told(error))
        for entry in self._open:
            self.recorder.complete(entry, self)
        return False

    def outcome(self) -> tuple[Any, Result | None, list[Step], Stage | None, ErrorInfo | None]:
        """What the final frames of this interaction's entries say beyond the call itself."""
        return self.interpretation, self._result, self._steps, self._stage, self._error


def _told(error: BaseException | None) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an exception of the host with a broken __str__
        return ""
