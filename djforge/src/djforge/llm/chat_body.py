"""The body of an OpenAI-style chat answer → `Answer`.

Nothing in it is trusted: any field may be missing, null or of another type. What cannot be an answer is an
`InvalidAnswer`; a field beside the answer that makes no sense is None, never 0 and never "unknown".
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

from djforge.llm.completion import Answer, AnswerSource
from djforge.llm.errors import AnswerCut, ContentFiltered, InvalidAnswer
from llmlog.entry import Cost, Usage

NO_NAMES = frozenset({"", "unknown", "none", "null", "undefined", "n/a"})
NAME_CHARS = 200
LARGEST_COUNT = 10**12


def decoded(body: bytes) -> Any:
    """JSON of a body. Numbers that JSON does not have (NaN, infinity) become null; lone surrogates become
    the replacement character. Raises InvalidAnswer."""
    try:
        text = body.decode("utf-8-sig")
        return json.loads(whole_text(text), parse_constant=lambda _: None, parse_float=_finite)
    except UnicodeDecodeError as error:
        raise InvalidAnswer("the answer is not UTF-8 text") from error
    except (ValueError, RecursionError) as error:
        raise InvalidAnswer("the answer is not JSON that can be read") from error


def answer_of(body: Any, *, asked_model: str, provider: str, json_mode: bool) -> Answer:
    """The answer in a decoded body that carries no error. Raises InvalidAnswer, ContentFiltered,
    AnswerCut."""
    if not isinstance(body, dict):
        raise InvalidAnswer("the answer is no JSON object")
    choice = _first_choice(body)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise InvalidAnswer("the answer has no message")
    finish_reason = text_of(choice.get("finish_reason"))
    content = _content(message, finish_reason, json_mode)
    model, source, served_by = _who(body, asked_model)
    usage = body.get("usage")
    return Answer(
        content=content,
        model=model,
        model_source=source,
        provider=served_by or provider,
        usage=usage_of(usage),
        raw_usage=usage,
        cost=_cost(usage),
        finish_reason=finish_reason,
        request_id=text_of(body.get("id")),
        reasoning=text_of(message.get("reasoning")) or text_of(message.get("reasoning_content")),
        tool_calls=message["tool_calls"] if isinstance(message.get("tool_calls"), list) else None,
    )


def error_in(body: Any) -> Any:
    """The `error` of a body, or of its first choice; None when there is none."""
    if not isinstance(body, dict):
        return None
    if body.get("error"):
        return body["error"]
    choices = body.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0].get("error") or None
    return None


def model_name(value: Any) -> str | None:
    """A model's name as a provider gave it; None for nothing, blanks, and words that name nothing."""
    if not isinstance(value, str):
        return None
    name = re.sub(r"[\x00-\x1f\x7f]+", " ", whole_text(value)).strip()[:NAME_CHARS].strip()
    return None if name.lower() in NO_NAMES else name


def usage_of(value: Any) -> Usage | None:
    """Token counts, normalised; None when the provider sent none that can be read."""
    if not isinstance(value, dict):
        return None
    of_prompt, of_completion = value.get("prompt_tokens_details"), value.get("completion_tokens_details")
    prompt, completion = _count(value, "prompt_tokens"), _count(value, "completion_tokens")
    total = _count(value, "total_tokens")
    if total is None and prompt is not None and completion is not None:
        total = prompt + completion
    usage = Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=total,
        cached_tokens=_count(of_prompt, "cached_tokens"),
        cache_write_tokens=_count(of_prompt, "cache_write_tokens"),
        reasoning_tokens=_count(of_completion, "reasoning_tokens"),
    )
    return usage if any(count is not None for count in msgspec.structs.astuple(usage)) else None


def text_of(value: Any) -> str | None:
    """A text that says something, writable as UTF-8; or None."""
    return whole_text(value) if isinstance(value, str) and value.strip() else None


def whole_text(text: str) -> str:
    """A text that can be written as UTF-8: halves of surrogate pairs become the replacement character."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _first_choice(body: dict[str, Any]) -> dict[str, Any]:
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise InvalidAnswer("the answer has no choices")
    return choices[0]


def _content(message: dict[str, Any], finish_reason: str | None, json_mode: bool) -> str:
    content = message.get("content")
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "".join(part for part in parts if isinstance(part, str))
    if isinstance(content, str) and content.strip():
        whole = whole_text(content)
        if json_mode and finish_reason == "length" and not _is_json(whole):
            raise AnswerCut("the answer was cut at the limit of tokens")
        return whole
    if text_of(message.get("refusal")) or finish_reason == "content_filter":
        raise ContentFiltered("the model refused to answer")
    if finish_reason == "length":
        raise AnswerCut("the limit of tokens was reached before the answer began")
    raise InvalidAnswer("the answer is empty")


def _who(body: dict[str, Any], asked_model: str) -> tuple[str, AnswerSource, str | None]:
    """The model that answered, who says so, and who served it."""
    routed_model, routed_provider = _routed(body.get("openrouter_metadata"))
    served_by = text_of(body.get("provider")) or routed_provider
    named = model_name(body.get("model"))
    if named is not None:
        return named, "response", served_by
    if routed_model is not None:
        return routed_model, "router", served_by
    return asked_model, "assumed", served_by


def _routed(metadata: Any) -> tuple[str | None, str | None]:
    """Model and provider that a router's metadata marks as selected."""
    endpoints = metadata.get("endpoints") if isinstance(metadata, dict) else None
    available = endpoints.get("available") if isinstance(endpoints, dict) else None
    for endpoint in available if isinstance(available, list) else []:
        if isinstance(endpoint, dict) and endpoint.get("selected") is True:
            return model_name(endpoint.get("model")), text_of(endpoint.get("provider"))
    return None, None


def _cost(usage: Any) -> Cost | None:
    usd = usage.get("cost") if isinstance(usage, dict) else None
    if isinstance(usd, bool) or not isinstance(usd, int | float) or not 0 <= usd < LARGEST_COUNT:
        return None
    return Cost(usd=float(usd), source="provider")


def _count(fields: Any, name: str) -> int | None:
    value = fields.get(name) if isinstance(fields, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 <= value <= LARGEST_COUNT or value != int(value):
        return None
    return int(value)


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
