"""One log entry per call, the ladder, and names of models: with adapters that answer by a script."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djforge.llm import Completion, CompletionRequest, LLMOrchestrator, NoModelAnswered
from djforge.llm.chat_body import answer_of, error_in
from djforge.llm.completion import Answer
from djforge.llm.errors import AttemptFailed, RateLimited
from djforge.llm.failures import refusal, retry_after_s
from djforge.llm.ladder import Ladder
from djforge.llm.routing import Routes, adapters_of, default_model_of
from djforge.settings import LlmSettings, ProviderSettings
from llmlog.clock import ManualClock
from llmlog.entry import LlmCall

KEYED = ProviderSettings(api_key="sk-12345678")


class Scripted:
    """An adapter that answers by calling a function."""

    def __init__(self, answer: Callable[[str], Answer], clock: ManualClock) -> None:
        self.answer = answer
        self.clock = clock
        self.provider = "scripted"
        self.flow = "openrouter"
        self.closed = False

    def serves(self, model: str) -> bool:
        return True

    def body(self, request: CompletionRequest, model: str) -> dict[str, Any]:
        return {"model": model, "messages": request.messages, "temperature": request.temperature}

    async def ask(self, body: dict[str, Any], asked_model: str) -> Answer:
        self.clock.advance(0.25)
        return self.answer(asked_model)

    async def aclose(self) -> None:
        self.closed = True


class Collected:
    """A log that keeps its calls."""

    def __init__(self) -> None:
        self.calls: list[LlmCall] = []

    def record_call(self, call: LlmCall) -> str | None:
        self.calls.append(call)
        return None


def run(answer: Callable[[str], Answer], log: Collected, ladder: Ladder) -> Completion:
    clock = ManualClock()

    async def complete() -> Completion:
        async with LLMOrchestrator(Routes([Scripted(answer, clock)]), ladder, log, clock) as orchestrator:
            return await orchestrator.complete(CompletionRequest(messages=[{"role": "user", "content": "hi"}]))

    return asyncio.run(complete())


def good(model: str) -> Answer:
    return Answer(content="hi", model=model, model_source="response", provider="p")


def test_times_come_from_the_clock() -> None:
    """Start, latency of each attempt and of the call are the clock's, in milliseconds."""
    log = Collected()

    def second_only(model: str) -> Answer:
        if model == "a":
            raise RateLimited("slow down", http_status=429, retry_after_s=3)
        return good(model)

    answered = run(second_only, log, Ladder(default_model="a", fallback_models=("b",)))
    call = log.calls[0]
    assert [attempt.latency for attempt in call.attempts] == [250, 250]
    assert call.attempts[1].started_at == call.started_at + 250
    assert answered.latency_ms == 500 and call.response is not None and call.response.latency == 500
    assert answered.log_id is None


@pytest.mark.parametrize("defect", [KeyError("secret"), ZeroDivisionError(), KeyboardInterrupt()])
def test_a_defect_of_ours_is_logged_and_not_hidden(defect: BaseException) -> None:
    """An unexpected error passes through as it is, with one entry that names its type and not its text."""
    log = Collected()

    def broken(model: str) -> Answer:
        raise defect

    with pytest.raises(type(defect)):
        run(broken, log, Ladder(default_model="a", fallback_models=("b",)))
    assert len(log.calls) == 1
    error = log.calls[0].error
    assert error is not None and error.type == type(defect).__name__ and "secret" not in error.message


def test_the_ladder_has_each_model_once() -> None:
    """The asked model first, then the fallbacks, none twice; without a wish the default."""
    ladder = Ladder(default_model="d", fallback_models=("b", "a", "b"))
    assert ladder.rungs("a") == ["a", "b"]
    assert ladder.rungs(None) == ladder.rungs("  ") == ["d", "b", "a"]


def test_the_rules_are_no_rung_beside_a_real_provider() -> None:
    """With a real provider the built-in rules are never asked, not even by name; without one they alone are."""
    real = Ladder(default_model="d", fallback_models=("local/rules-1", "b"))
    assert real.rungs("local/rules-1") == ["d", "b"]
    assert Ladder(default_model="local/rules-1", local=True).rungs("a/b") == ["local/rules-1"]


@pytest.mark.parametrize(
    ("settings", "flows"),
    [
        (LlmSettings(), {"a/b": "local", "gpt-5": "local"}),
        (LlmSettings(openrouter=KEYED), {"a/b": "openrouter", "gpt-5": "openrouter", "odd": "openrouter"}),
        (
            LlmSettings(openai=KEYED),
            {"gpt-5": "openai-direct", "openai/o3": "openai-direct", "odd": "openai-direct"},
        ),
        (
            LlmSettings(openai=KEYED, openrouter=KEYED),
            {
                "gpt-5": "openai-direct",
                "o3-mini": "openai-direct",
                "openai/gpt-5": "openrouter",
                "odd": "openrouter",
            },
        ),
    ],
)
def test_each_model_goes_to_its_provider(settings: LlmSettings, flows: dict[str, str]) -> None:
    """Ids are routed by their shape and by the keys that are set."""
    routes = Routes(adapters_of(settings, ManualClock()))
    assert {model: routes.adapter_for(model).flow for model in flows} == flows
    asyncio.run(routes.aclose())


def test_the_default_model_fits_the_keys() -> None:
    """Without a setting, the default is a model that the configured provider has."""
    assert default_model_of(LlmSettings()) == "local/rules-1"
    assert default_model_of(LlmSettings(default_model="x/y")) == "local/rules-1"
    assert default_model_of(LlmSettings(openrouter=KEYED)) == "google/gemini-2.5-flash"
    assert default_model_of(LlmSettings(openai=KEYED)) == "gpt-5-mini"
    assert default_model_of(LlmSettings(openai=KEYED, default_model="o3")) == "o3"


def test_an_unusable_key_is_refused_without_showing_it() -> None:
    """A key that no header can carry stops the start, and the sentence does not repeat it."""
    with pytest.raises(ValueError, match="no header can carry") as caught:
        adapters_of(LlmSettings(openai=ProviderSettings(api_key="sk-ké\nsecret")), ManualClock())
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:10 GMT"}, 10.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:27:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "999999999999"}, 604800.0),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    """The provider's hint is read in seconds, milliseconds and as a date; nonsense is no hint."""
    assert retry_after_s(headers, 1_445_412_480_000) == seconds


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
MESSAGE = st.fixed_dictionaries(
    {}, optional={"content": JSON | st.just("hi"), "reasoning": JSON, "tool_calls": JSON}
)
BODY = st.fixed_dictionaries(
    {},
    optional={
        "model": JSON | st.sampled_from(["unknown", " Unknown", "none", "a/b", "\x00"]),
        "provider": JSON,
        "error": JSON,
        "usage": JSON | st.fixed_dictionaries({}, optional={"prompt_tokens": JSON, "cost": JSON}),
        "openrouter_metadata": JSON,
        "choices": JSON | st.lists(st.fixed_dictionaries({}, optional={"message": MESSAGE, "finish_reason": JSON})),
    },
)


@given(BODY | JSON, st.booleans())
def test_any_body_is_an_answer_with_a_model_or_a_typed_failure(body: Any, json_mode: bool) -> None:
    """Whatever a provider sends: a typed failure, or an answer with text and a real model's name."""
    error = error_in(body)
    if error is not None:
        failure = refusal(error, http_status=200, headers={}, now_ms=0, secret="sk-1")
        assert failure.kind and failure.message
        return
    try:
        answer = answer_of(body, asked_model="asked/model", provider="p", json_mode=json_mode)
    except AttemptFailed as failed:
        assert failed.kind != "failed"
        return
    assert answer.content.strip() and answer.provider
    assert answer.model.strip().lower() not in ("", "unknown", "none", "null")
    answer.model.encode()


def test_no_model_at_all_is_said() -> None:
    """The error of a failed ladder tells each model and why."""
    assert str(NoModelAnswered([])) == "No model is configured."
