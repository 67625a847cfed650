"""The fence and the way through it: pseudonyms, cleaning, encoding, the spool.

No method raises into the caller. Whatever fails inside is counted by reason in the spool's ledger.
"""

from __future__ import annotations

from typing import Any

import msgspec

from llmlog.capture.cleaning import Cleaner
from llmlog.capture.identifiers import Identifiers, id_bytes, valid_id
from llmlog.capture.interaction import Interaction
from llmlog.capture.limits import EntryTooLarge, within_limit
from llmlog.capture.masking import Masker
from llmlog.capture.pseudonyms import Pseudonyms
from llmlog.capture.sieve import Sieve
from llmlog.clock import Clock
from llmlog.entry import LlmCall, LlmRequest, LogEntry, Status
from llmlog.spool import DropReason, FrameKind, SpoolWriter

_SNAPSHOT = ("llm_request", "llm_response", "raw", "headers")
"""Bodies that are kept encoded until the interaction ends: the caller may change its lists meanwhile."""


PLAIN_BYTES = 1_000_000
"""A larger entry may have a text over its limit: the careful way looks."""

CLOCK_AHEAD_MS = 24 * 3600 * 1000
"""A start further in the future than this is no start: the time of logging is taken instead, or the entry
would stand on top of every list and outlive its retention."""


class OpenEntry(msgspec.Struct):
    """An entry whose interaction is still going on: cleaned, with its bodies already encoded."""

    id: str
    entry: LogEntry
    spooled: bool
    """Whether its provisional frame was accepted."""


class Recorder:
    """Turns entries into spooled frames. Safe from any thread."""

    def __init__(
        self,
        writer: SpoolWriter,
        pseudonyms: Pseudonyms,
        masker: Masker,
        sieve: Sieve | None,
        clock: Clock,
        app_version: str | None = None,
    ) -> None:
        """sieve: None where nothing is to be masked."""
        self.clock = clock
        self.writer = writer
        self._pseudonyms = pseudonyms
        self._masker = masker
        self._sieve = sieve
        self._app_version = app_version
        self._identifiers = Identifiers()
        self._encode = msgspec.json.Encoder().encode

    def start_afresh(self, writer: SpoolWriter) -> None:
        """In a forked child: another spool, and ids that differ from the parent's."""
        self.writer = writer
        self._identifiers = Identifiers()

    def log(self, entry: LogEntry) -> str | None:
        """Write one whole entry. Returns its id, or None when it was not accepted."""
        try:
            ready, body = self._ready(entry)
            refused = self.writer.append(FrameKind.FINAL, id_bytes(ready.id), body)
        except EntryTooLarge:
            self._failed(DropReason.TOO_LARGE)
            return None
        except Exception:  # noqa: BLE001 - the fence: the log never breaks the song
            self._failed(DropReason.CAPTURE_ERROR)
            return None
        return None if refused is not None else ready.id

    def log_call(self, call: LlmCall) -> str | None:
        """Write a call outside of any interaction as a whole entry."""
        try:
            entry = _entry_of(_EMPTY, call)
        except Exception:  # noqa: BLE001 - the fence
            self._failed(DropReason.CAPTURE_ERROR)
            return None
        return self.log(entry)

    def prepared(self, entry: LogEntry) -> bytes:
        """An entry as it may be stored, as JSON, without writing it. Raises ValueError when it is none."""
        try:
            return self._ready(entry)[1]
        except EntryTooLarge:
            raise ValueError("the log is too large") from None

    def new_id(self) -> str:
        """A fresh UUIDv7."""
        return self._identifiers.next(self.clock.now_ms())

    def begin(self, template: LogEntry, call: LlmCall) -> OpenEntry | None:
        """A call inside an interaction has ended: spool what is known."""
        try:
            ready, body = self._ready(_entry_of(template, call))
            frame_id = id_bytes(ready.id)
            refused = self.writer.append(FrameKind.PROVISIONAL, frame_id, body, count_drop=False)
            bodies = {name: msgspec.Raw(self._encode(getattr(ready, name))) for name in _SNAPSHOT}
            ready = msgspec.structs.replace(ready, **bodies)
        except EntryTooLarge:
            self._failed(DropReason.TOO_LARGE)
            return None
        except Exception:  # noqa: BLE001 - the fence
            self._failed(DropReason.CAPTURE_ERROR)
            return None
        return OpenEntry(id=ready.id, entry=ready, spooled=refused is None)

    def complete(self, opened: OpenEntry, interaction: Interaction) -> None:
        """The interaction has ended: spool the whole entry in the provisional one's place."""
        try:
            final = self._with_outcome(opened.entry, interaction)
            kind = FrameKind.SUPERSEDING if opened.spooled else FrameKind.FINAL
            self.writer.append(kind, id_bytes(opened.id), within_limit(final, self._encode))
        except Exception:  # noqa: BLE001 - the fence; the provisional frame stands for the entry
            if not opened.spooled:
                self._failed(DropReason.CAPTURE_ERROR)

    def _failed(self, reason: DropReason) -> None:
        try:
            self.writer.drop(reason)
        except Exception:  # noqa: BLE001, S110 - the fence around the counting itself: the ledger is gone
            pass

    def _ready(self, entry: LogEntry) -> tuple[LogEntry, bytes]:
        """The entry as it may be stored, and encoded. Raises EntryTooLarge."""
        entry = self._stamped(entry)
        try:
            if self._sieve is None or self._sieve.plainly_clean(entry):
                body = self._encode(entry)
                if len(body) <= PLAIN_BYTES:
                    return entry, body
        except (TypeError, ValueError, RecursionError, OverflowError):
            pass  # what JSON cannot hold is made to fit below
        return self._carefully(entry)

    def _carefully(self, entry: LogEntry) -> tuple[LogEntry, bytes]:
        """The same for entries that may hold secrets, or do not fit into JSON or the limits as they are."""
        try:
            try:
                ready = self._cleaned(entry, Cleaner(self._masker))
                return ready, within_limit(ready, self._encode)
            except UnicodeEncodeError:
                ready = self._cleaned(entry, Cleaner(self._masker, escape_surrogates=True))
                return ready, within_limit(ready, self._encode)
        except EntryTooLarge:
            raise
        except Exception:  # noqa: BLE001 - what cannot be masked is kept without its bodies
            ready = self._without_bodies(entry)
            return ready, within_limit(ready, self._encode)

    def _stamped(self, entry: LogEntry) -> LogEntry:
        """With id, time, pseudonyms and status; from here on no raw id is seen again."""
        now_ms = self.clock.now_ms()
        status = _status(entry)
        return msgspec.structs.replace(
            entry,
            id=valid_id(entry.id) or self._identifiers.next(now_ms),
            timestamp=_start_of(entry.timestamp, now_ms),
            user_id=self._pseudonym("user", entry.user_id),
            session_id=self._pseudonym("session", entry.session_id),
            status=status,
            stage=entry.stage if status == "error" else None,
            app_version=entry.app_version or self._app_version,
        )

    def _cleaned(self, entry: LogEntry, clean: Cleaner) -> LogEntry:
        """A stamped entry with every text masked and every value fit to be kept."""
        response = entry.llm_response
        return msgspec.structs.replace(
            entry,
            command=clean.text(entry.command, "command"),
            interpretation=clean.value(entry.interpretation, "interpretation"),
            llm_request=clean.value(entry.llm_request, "llmRequest"),
            llm_response=None if response is None else clean.value(response, "llmResponse"),
            result=clean.value(entry.result, "result"),
            attempts=clean.value(entry.attempts, "attempts"),
            steps=clean.value(entry.steps, "steps"),
            error=clean.value(entry.error, "error"),
            trace_id=clean.text(entry.trace_id, "traceId"),
            turn=clean.value(entry.turn, "turn"),
            tags=clean.value(entry.tags, "tags"),
            source=clean.value(entry.source, "source"),
            app_version=clean.text(entry.app_version, "appVersion"),
            headers=clean.value(entry.headers, "headers"),
            raw=clean.value(entry.raw, "raw"),
            truncated=[*entry.truncated, *clean.truncated],
            masked=_sum(entry.masked, clean.masked),
        )

    def _with_outcome(self, entry: LogEntry, interaction: Interaction) -> LogEntry:
        interpretation, result, steps, stage, error = interaction.outcome()
        clean = Cleaner(self._masker, escape_surrogates=True)
        kept_error = entry.error if entry.error is not None else clean.value(error, "error")
        changed = msgspec.structs.replace(
            entry,
            interpretation=clean.value(interpretation, "interpretation"),
            result=clean.value(result, "result"),
            steps=[*entry.steps, *clean.value(steps, "steps")],
            tags={**entry.tags, **clean.value(interaction.tags, "tags")},
            stage=entry.stage if entry.error is not None else stage,
            error=kept_error,
        )
        failed = error is not None or (result is not None and not result.success)
        status: Status = "error" if failed or changed.error is not None else entry.status
        return msgspec.structs.replace(
            changed,
            status=status,
            truncated=[*entry.truncated, *clean.truncated],
            masked=_sum(entry.masked, clean.masked),
        )

    def _without_bodies(self, entry: LogEntry) -> LogEntry:
        """What is left when masking failed: figures and names, no text a person or model wrote."""
        request = entry.llm_request
        return LogEntry(
            id=entry.id,
            timestamp=entry.timestamp,
            user_id=entry.user_id,
            session_id=entry.session_id,
            llm_request=LlmRequest(model=str(request.model), model_source=request.model_source),
            status=entry.status,
            stage=entry.stage,
            source=entry.source,
            truncated=["everything: the text could not be masked"],
            masked={"masking_failed": 1},
        )

    def _pseudonym(self, domain: Any, identifier: Any) -> str | None:
        if identifier is None or identifier == "":
            return None
        return self._pseudonyms.of(domain, identifier if type(identifier) is str else str(identifier))


_EMPTY = LogEntry(llm_request=LlmRequest(model=""), source="api")


def _entry_of(template: LogEntry, call: LlmCall) -> LogEntry:
    return msgspec.structs.replace(
        template,
        timestamp=call.started_at,
        llm_request=call.request,
        llm_response=call.response,
        attempts=call.attempts,
        steps=call.steps,
        stage=call.stage,
        error=call.error,
        tags={**template.tags, **call.tags},
        headers=call.headers,
        raw=call.raw,
    )


def _status(entry: LogEntry) -> Status:
    """`error` where something failed, `fallback` where another rung of the ladder answered.

    Read with `getattr`: a host may have put plain dictionaries where records belong, and keeps its log.
    """
    if entry.status == "error" or entry.error is not None:
        return "error"
    if getattr(entry.result, "success", True) is False:
        return "error"
    if entry.status == "fallback" or any(getattr(a, "outcome", "ok") != "ok" for a in entry.attempts):
        return "fallback"
    return "ok"


def _start_of(timestamp: Any, now_ms: int) -> int:
    """The start of the call in ms; the time of logging where none that can be was given."""
    if type(timestamp) is float and timestamp < 2**53:
        timestamp = int(timestamp)
    if type(timestamp) is not int:
        return now_ms
    return timestamp if 0 < timestamp <= now_ms + CLOCK_AHEAD_MS else now_ms


def _sum(some: dict[str, int], others: dict[str, int]) -> dict[str, int]:
    if not others:
        return some
    return {kind: some.get(kind, 0) + others.get(kind, 0) for kind in {**some, **others}}
