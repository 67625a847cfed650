"""One log with its whole story: verdict, facts, messages, attempts and steps, everything as JSON."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from llmlog.admin.frame import PAGES
from llmlog.admin.pages import wording
from llmlog.admin.pages.logs import Row, row
from llmlog.entry import LogEntry
from llmlog.store.codec import BODY_LOST

JSON_LIMIT = 64 * 1024
DAY_MS = 86_400_000


class MessageView(msgspec.Struct, frozen=True):
    """One message as text. `folded`: long and known, so it is shown closed."""

    role: str
    text: str
    folded: bool


class BarView(msgspec.Struct, frozen=True):
    """One attempt or step on the waterfall; `left` and `width` in percent of the whole."""

    name: str
    note: str
    tone: str
    duration: str
    left: float
    width: float


class LogView(msgspec.Struct, frozen=True, kw_only=True):
    """Context of log.html."""

    row: Row
    id: str
    back: str
    verdict: str
    facts: list[tuple[str, str, str]]
    messages: list[MessageView]
    answer: str
    reasoning: str
    shown: str
    bars: list[BarView]
    why: list[str]
    details: list[tuple[str, str]]
    notes: list[str]
    json_text: str
    json_note: str
    download: str | None


def log_view(entry: LogEntry, retention_days: int, *, own: bool = False) -> LogView:
    """The page of one log."""
    base = f"{PAGES}/mine" if own else f"{PAGES}/logs"
    text = msgspec.json.format(msgspec.json.encode(entry)).decode()
    note = "" if len(text) <= JSON_LIMIT else f"The first 64 KB of {wording.size(len(text))}."
    response = entry.llm_response
    return LogView(
        row=row(entry, entry.timestamp, base),
        id=entry.id,
        back=base,
        verdict=_verdict(entry),
        facts=_facts(entry, own=own),
        messages=[_message(message) for message in entry.llm_request.messages],
        answer=_pretty(response.content if response is not None else None),
        reasoning=(response.reasoning or "") if response is not None else "",
        shown=entry.result.message if entry.result is not None else "",
        bars=_bars(entry),
        why=_why(entry),
        details=_details(entry, retention_days),
        notes=_notes(entry),
        json_text=text[:JSON_LIMIT],
        json_note=note,
        download=None if own else f"{PAGES}/logs/{entry.id}.json",
    )


def _verdict(entry: LogEntry) -> str:
    """One sentence where not everything is plainly fine."""
    if entry.status == "error":
        error = entry.error
        where = f" at the stage “{entry.stage}”" if entry.stage else ""
        return f"It failed{where}: {error.message or error.type}" if error is not None else f"It failed{where}."
    if entry.status == "fallback":
        failed = [attempt for attempt in entry.attempts if attempt.outcome != "ok"]
        names = ", ".join(f"{attempt.model} ({attempt.error_type or 'failed'})" for attempt in failed)
        others = names or "the first choice"
        return f"Answered by a fallback model: {others} did not, so {entry.llm_request.model} was asked."
    return ""


def _facts(entry: LogEntry, *, own: bool) -> list[tuple[str, str, str]]:
    request, response = entry.llm_request, entry.llm_response
    usage = response.usage if response is not None else None
    asked = request.requested_model
    sources = {"assumed": "assumed: the answer named none", "requested": "asked for; nobody answered"}
    model_note = sources.get(request.model_source) or (f"asked {asked}" if asked and asked != request.model else "")
    tokens = f"{usage.total_tokens:,}" if usage is not None and usage.total_tokens is not None else "–"
    token_note = (
        f"{usage.prompt_tokens or 0:,} in, {usage.completion_tokens or 0:,} out"
        if usage is not None
        else "not reported"
    )
    first = response.time_to_first_token if response is not None else None
    interpretation = entry.interpretation if isinstance(entry.interpretation, dict) else {}
    confidence = interpretation.get("confidence")
    facts = [
        ("Model", request.model, model_note),
        (
            "Latency",
            wording.duration(response.latency if response else None),
            f"first token {wording.duration(first)}" if first else "",
        ),
        ("Tokens", tokens, token_note),
        (
            "Intent",
            str(interpretation.get("intent") or "–"),
            f"confidence {confidence}" if confidence is not None else "",
        ),
        ("User", wording.short_user(entry.user_id), f"turn {entry.turn}" if entry.turn else ""),
    ]
    if not own:
        cost = response.cost if response is not None else None
        facts.insert(3, ("Cost", wording.dollars(cost.usd if cost else None), cost.source if cost else "unknown"))
    return facts


def _message(message: Any) -> MessageView:
    role = str(message.get("role", "message")) if isinstance(message, dict) else "message"
    content = message.get("content") if isinstance(message, dict) else message
    text = content if isinstance(content, str) else _json(content)
    return MessageView(role, text, folded=role in ("system", "developer") or len(text) > 2_000)


def _pretty(content: str | None) -> str:
    if not content:
        return ""
    try:
        return _json(json.loads(content))
    except (ValueError, RecursionError):
        return content


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


class _Span(msgspec.Struct, frozen=True):
    start_ms: int
    length_ms: float
    name: str
    note: str
    tone: str


def _spans(entry: LogEntry) -> list[_Span]:
    spans = [
        _Span(a.started_at, a.latency or 0.0, a.model, a.error_type or "", "ok" if a.outcome == "ok" else "err")
        for a in entry.attempts
        if a.started_at is not None
    ]
    spans += [
        _Span(step.started_at, step.duration_ms or 0.0, step.name, "", "step")
        for step in entry.steps
        if step.started_at is not None
    ]
    return sorted(spans, key=lambda span: span.start_ms)


def _bars(entry: LogEntry) -> list[BarView]:
    spans = _spans(entry)
    if not spans:
        return []
    begin_ms = spans[0].start_ms
    whole_ms = max(1.0, max(span.start_ms - begin_ms + span.length_ms for span in spans))
    return [
        BarView(
            name=span.name,
            note=span.note,
            tone=span.tone,
            duration=wording.duration(span.length_ms),
            left=round((span.start_ms - begin_ms) * 100 / whole_ms, 2),
            width=max(0.6, round(span.length_ms * 100 / whole_ms, 2)),
        )
        for span in spans
    ]


def _why(entry: LogEntry) -> list[str]:
    """What happened, in words."""
    lines = []
    for attempt in entry.attempts:
        if attempt.outcome == "ok":
            lines.append(f"{attempt.model} answered in {wording.duration(attempt.latency)}.")
        else:
            reason = attempt.message or attempt.error_type or attempt.outcome
            lines.append(f"{attempt.model} did not answer: {reason}")
    if isinstance(entry.interpretation, dict) and entry.interpretation.get("intent"):
        reasoning = entry.interpretation.get("reasoning")
        lines.append(f"Read as {entry.interpretation['intent']}" + (f": {reasoning}" if reasoning else "."))
    if entry.error is not None:
        lines.append(f"{entry.error.type}: {entry.error.message}")
    if entry.result is not None:
        lines.append(f"The person saw: {entry.result.message}")
    return lines


def _details(entry: LogEntry, retention_days: int) -> list[tuple[str, str]]:
    request, response = entry.llm_request, entry.llm_response
    until = wording.full_time(entry.timestamp + retention_days * DAY_MS)
    rows = [
        ("Time", wording.full_time(entry.timestamp)),
        ("Provider", request.provider),
        ("Flow", request.flow),
        ("Temperature", request.temperature),
        ("Output", "JSON mode" if request.json_mode else None),
        ("Prompt version", request.prompt_version),
        ("Finish", response.finish_reason if response is not None else None),
        ("Provider's request id", response.provider_request_id if response is not None else None),
        ("Source", entry.source),
        ("Trace", entry.trace_id),
        ("App version", entry.app_version),
        ("Kept until", until),
    ]
    return [(name, str(value)) for name, value in rows if value is not None and value != ""]


def _notes(entry: LogEntry) -> list[str]:
    masked = sum(entry.masked.values())
    notes = [f"{masked} values were masked before storage: {', '.join(entry.masked)}."] if masked else []
    return notes + [_note(path) for path in entry.truncated]


def _note(path: str) -> str:
    return f"{path.capitalize()}." if path.startswith(BODY_LOST) else f"Cut to its limit: {path}."
