"""The orchestrator against a provider over real HTTP: what is answered, what is tried, what is logged."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
import pytest
from fake_chat_provider import CollectedCalls, FakeChatProvider, Reply, chat, json_reply

from djforge.llm import Completion, CompletionRequest, LLMOrchestrator, NoModelAnswered, openai_chat
from djforge.settings import LlmSettings, ProviderSettings
from llmlog.clock import SystemClock
from llmlog.entry import LlmCall

KEY = "sk-or-v1-0123456789abcdef0123456789abcdef"
ASKED = "google/gemini-2.5-flash"


def settings_of(provider: FakeChatProvider, *fallbacks: str, timeout_s: float = 5.0) -> LlmSettings:
    return LlmSettings(
        openrouter=ProviderSettings(api_key=KEY, base_url=provider.base_url),
        fallback_models=fallbacks,
        attempt_timeout_s=timeout_s,
    )


def complete(settings: LlmSettings, log: CollectedCalls, **further: Any) -> Completion:
    async def run() -> Completion:
        async with LLMOrchestrator.open(settings, log, SystemClock()) as orchestrator:
            messages = [{"role": "user", "content": "play some jazz"}]
            return await orchestrator.complete(CompletionRequest(messages=messages, **further))

    return asyncio.run(run())


def only_call(log: CollectedCalls) -> LlmCall:
    assert len(log.calls) == 1
    return log.calls[0]


def failure_of(reply: Reply, *, timeout_s: float = 5.0, **further: Any) -> tuple[str, str, int | None]:
    """Kind, message and HTTP status of the one attempt that a reply makes fail."""
    log = CollectedCalls()
    with FakeChatProvider([reply]) as provider, pytest.raises(NoModelAnswered) as caught:
        complete(settings_of(provider, timeout_s=timeout_s), log, **further)
    call = only_call(log)
    attempt = call.attempts[0]
    assert call.error is not None and call.stage == "model"
    assert call.error.type == attempt.error_type == caught.value.type
    assert (call.request.model, call.request.model_source) == (ASKED, "requested")
    assert caught.value.log_id == "log-1"
    assert attempt.outcome == "failed" and attempt.latency is not None
    return str(attempt.error_type), str(attempt.message), attempt.http_status


def test_the_model_that_answered_is_the_one_reported() -> None:
    """Another model than the asked one answers: completion and log name the one that answered, and both."""
    log = CollectedCalls()
    with FakeChatProvider([chat("hi", model="google/gemini-2.5-flash-002", provider="Google")]) as provider:
        answered = complete(settings_of(provider), log, model=ASKED)
    request = only_call(log).request
    assert (answered.model, answered.model_source) == ("google/gemini-2.5-flash-002", "response")
    assert answered.requested_model == ASKED
    assert (request.model, request.requested_model) == ("google/gemini-2.5-flash-002", ASKED)
    assert (request.provider, request.flow) == ("Google", "openrouter")
    assert answered.log_id == "log-1"


@pytest.mark.parametrize("model", [None, "", "  ", "unknown", "Unknown ", "null", 7, ["x"], ...])
def test_an_answer_without_a_model_is_used_and_says_assumed(model: Any) -> None:
    """A good answer that names no model is used, with the asked model noted as assumed."""
    log = CollectedCalls()
    with FakeChatProvider([chat("hi", model=model)]) as provider:
        answered = complete(settings_of(provider), log, model=ASKED)
    assert (answered.model, answered.model_source) == (ASKED, "assumed")
    assert only_call(log).request.model_source == "assumed"


def test_a_router_may_name_the_model() -> None:
    """Where only the router's metadata names the model, that name is taken, and said to be the router's."""
    endpoints = {
        "available": [{"model": "x/y", "selected": False}, {"model": "a/b", "provider": "B", "selected": True}]
    }
    reply = chat("hi", model=None, openrouter_metadata={"endpoints": endpoints})
    log = CollectedCalls()
    with FakeChatProvider([reply]) as provider:
        answered = complete(settings_of(provider), log)
    assert (answered.model, answered.model_source, answered.provider) == ("a/b", "router", "B")


def test_everything_beside_the_answer_is_read() -> None:
    """Usage, cost, reasoning, tool calls, finish reason and request id reach the log as the provider sent them."""
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 40,
        "total_tokens": 140,
        "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 30},
        "cost": 0.00042,
    }
    message = {"content": "hi", "reasoning": "thinking", "tool_calls": [{"id": "t"}]}
    reply = chat("", usage=usage, choices=[{"message": message, "finish_reason": "stop"}])
    reply.headers["X-Request-Id"] = "req-9"
    log = CollectedCalls()
    with FakeChatProvider([reply]) as provider:
        answered = complete(settings_of(provider), log)
    response = only_call(log).response
    assert response is not None and response.usage is not None and response.cost is not None
    assert (response.usage.cached_tokens, response.usage.cache_write_tokens) == (60, 4)
    assert (response.usage.reasoning_tokens, response.usage.total_tokens) == (30, 140)
    assert (response.cost.usd, response.cost.source) == (0.00042, "provider")
    assert (response.raw_usage, response.reasoning) == (usage, "thinking")
    assert (response.tool_calls, response.finish_reason) == ([{"id": "t"}], "stop")
    assert response.provider_request_id == "req-9"
    assert response.latency is not None and response.latency > 0
    assert answered.usage == response.usage


def test_the_request_is_what_the_wire_wants() -> None:
    """Path, key, JSON mode and OpenRouter's headers are sent, and the log holds what was sent."""
    log = CollectedCalls()
    with FakeChatProvider([chat("{}")]) as provider:
        complete(
            settings_of(provider),
            log,
            model="gpt-5-mini",
            json_mode=True,
            max_tokens=300,
            temperature=0.2,
            prompt_version="interpret-1",
            params={"reasoning_effort": "low"},
        )
        seen = provider.seen[0]
    assert seen.path == "/v1/chat/completions"
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.headers["x-openrouter-metadata"] == "enabled"
    assert seen.headers["x-title"] == "DJ Forge" and "http-referer" in seen.headers
    assert seen.body["response_format"] == {"type": "json_object"}
    assert (seen.body["model"], seen.body["max_tokens"], seen.body["temperature"]) == (
        "openai/gpt-5-mini",
        300,
        0.2,
    )
    request = only_call(log).request
    assert request.messages == seen.body["messages"]
    assert (request.json_mode, request.max_tokens, request.temperature) == (True, 300, 0.2)
    assert (request.prompt_version, request.params) == ("interpret-1", {"reasoning_effort": "low"})


def test_openai_is_spoken_to_in_its_own_way() -> None:
    """OpenAI directly: its own field for the limit, no temperature for reasoning models, and the log says so."""
    log = CollectedCalls()
    with FakeChatProvider([chat("hi", model="gpt-5-mini-2026-01-01")]) as provider:
        settings = LlmSettings(openai=ProviderSettings(api_key="sk-openai-12345678", base_url=provider.base_url))
        answered = complete(settings, log, max_tokens=50)
        body = provider.seen[0].body
    assert body["model"] == "gpt-5-mini" and body["max_completion_tokens"] == 50
    assert "temperature" not in body and "max_tokens" not in body
    assert only_call(log).request.temperature is None
    assert (answered.flow, answered.provider) == ("openai-direct", "openai")


def test_the_ladder_is_climbed_down_until_a_model_answers() -> None:
    """500, then 429, then an answer: three attempts in the log, one entry, the third model reported."""
    script = [
        json_reply({"error": {"message": "boom", "code": 500}}, 500),
        json_reply({"error": {"message": "slow down"}}, 429, Retry_After="7"),
        chat("hi", model="c/three"),
    ]
    log = CollectedCalls()
    with FakeChatProvider(script) as provider:
        answered = complete(settings_of(provider, "b/two", "a/one", "c/three"), log, model="a/one")
        asked = [seen.body["model"] for seen in provider.seen]
    call = only_call(log)
    assert asked == ["a/one", "b/two", "c/three"]
    assert [(a.outcome, a.error_type, a.http_status) for a in call.attempts] == [
        ("failed", "overloaded", 500),
        ("failed", "rate_limit", 429),
        ("ok", None, 200),
    ]
    assert all(attempt.started_at and attempt.latency is not None for attempt in call.attempts)
    assert (answered.model, answered.requested_model, answered.fallback_used) == ("c/three", "a/one", True)
    assert call.error is None


def test_when_no_model_answers_all_attempts_are_told() -> None:
    """A ladder that fails as a whole raises once, logs once, and holds every attempt."""
    log = CollectedCalls()
    refusal = json_reply({"error": {"message": "no credit", "code": "insufficient_quota"}}, 429)
    with FakeChatProvider([refusal]) as provider, pytest.raises(NoModelAnswered) as caught:
        complete(settings_of(provider, "b/two"), log, model="a/one")
    assert [attempt.model for attempt in caught.value.attempts] == ["a/one", "b/two"]
    call = only_call(log)
    assert call.attempts == caught.value.attempts
    assert call.error is not None and call.error.type == "quota"
    assert (call.request.model, call.request.model_source) == ("a/one", "requested")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (json_reply({"error": {"code": 429, "message": "slow"}}), "rate_limit"),
        (json_reply({"error": {"code": 502, "message": "down"}}), "overloaded"),
        (json_reply({"error": {"message": "odd"}}), "invalid_answer"),
        (json_reply({"error": "odd"}), "invalid_answer"),
        (json_reply({"choices": [{"error": {"code": 503, "message": "late"}}]}), "overloaded"),
        (json_reply({"error": {"code": 403, "metadata": {"flagged_input": "x"}}}), "content_filter"),
        (json_reply({"model": "m", "choices": None}), "invalid_answer"),
        (json_reply({"model": "m", "choices": []}), "invalid_answer"),
        (json_reply({"choices": [{"message": None}]}), "invalid_answer"),
        (json_reply([1, 2]), "invalid_answer"),
        (json_reply(None), "invalid_answer"),
        (chat(""), "invalid_answer"),
        (chat(None), "invalid_answer"),
        (chat("  \n"), "invalid_answer"),
        (chat(["x", {"type": "text"}]), "invalid_answer"),
        (chat(None, choices=[{"message": {"content": None, "refusal": "no"}}]), "content_filter"),
        (chat(None, choices=[{"message": {"content": ""}, "finish_reason": "content_filter"}]), "content_filter"),
        (chat(None, choices=[{"message": {"content": ""}, "finish_reason": "length"}]), "truncated"),
        (Reply([b'{"model": "m", "choi']), "invalid_answer"),
        (Reply([b""]), "invalid_answer"),
        (Reply([b"\xff\xfe\x00"]), "invalid_answer"),
        (Reply([b"[" * 200_000]), "invalid_answer"),
        (Reply([b"<html>busy</html>"], content_type="text/html"), "invalid_answer"),
    ],
)  # fmt: skip
def test_a_200_that_is_no_answer_is_a_typed_failure(reply: Reply, kind: str) -> None:
    """Status 200 with an error, without choices, empty, cut or no JSON: a typed failure, and a log of it."""
    found, message, status = failure_of(reply)
    assert (found, status) == (kind, 200)
    assert message


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"message": "bad", "type": "invalid_request_error"}, "bad_request"),
        (401, {"message": "who", "code": 401}, "auth"),
        (402, {"message": "pay"}, "quota"),
        (403, {"message": "no"}, "auth"),
        (404, {"message": "no model", "code": "model_not_found"}, "bad_request"),
        (408, {"message": "late"}, "timeout"),
        (429, {"message": "pay", "type": "insufficient_quota"}, "quota"),
        (503, {"message": "full"}, "overloaded"),
        (529, {"type": "overloaded_error", "message": "full"}, "overloaded"),
        (500, None, "overloaded"),
    ],
)
def test_each_refusal_has_its_kind(status: int, error: Any, kind: str) -> None:
    """Each HTTP refusal is a failure of its kind with its status."""
    found, _, seen = failure_of(json_reply({"error": error}, status))
    assert (found, seen) == (kind, status)


def test_json_cut_at_the_token_limit_is_a_failure() -> None:
    """In JSON mode an answer cut at the limit of tokens is no answer."""
    choices = [{"message": {"content": '{"intent": "pl'}, "finish_reason": "length"}]
    assert failure_of(chat("", choices=choices), json_mode=True)[0] == "truncated"


def test_redirects_are_not_followed() -> None:
    """A redirect fails the attempt; the key is not carried to another place."""
    with FakeChatProvider([chat("stolen")]) as elsewhere:
        reply = Reply([b""], status=307, headers={"Location": f"{elsewhere.base_url}/chat/completions"})
        kind, _, status = failure_of(reply)
        assert (kind, status) == ("invalid_answer", 307)
        assert elsewhere.seen == []


def test_a_flood_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer beyond the bound is given up, not swallowed."""
    monkeypatch.setattr(openai_chat, "ANSWER_BYTES", 1_000_000)
    kind, message, _ = failure_of(Reply([b" " * 300_000] * 5))
    assert kind == "invalid_answer" and "longer than" in message


@pytest.mark.parametrize("key", [KEY, "a-key-of-another-shape-0123456789"])
def test_the_key_is_in_no_message(key: str) -> None:
    """A provider that repeats the key does not put it into errors or logs."""
    log = CollectedCalls()
    told = f"Incorrect key {key} or sk-abc123456789"
    with FakeChatProvider([json_reply({"error": {"message": told}}, 401)]) as provider:
        router = ProviderSettings(api_key=key, base_url=provider.base_url)
        with pytest.raises(NoModelAnswered) as caught:
            complete(LlmSettings(openrouter=router), log)
    logged = msgspec.json.encode(only_call(log)).decode()
    for text in (str(caught.value), logged):
        assert "Incorrect key" in text and key not in text and "sk-abc" not in text


def test_a_hung_provider_costs_one_attempt_timeout() -> None:
    """No answer within the time of an attempt: the next model answers, soon."""
    log = CollectedCalls()
    slow = Reply([b"{}"], pause_s=30)
    started_s = time.monotonic()
    with FakeChatProvider([slow, chat("hi", model="b/two")]) as provider:
        answered = complete(settings_of(provider, "b/two", timeout_s=0.3), log, model="a/one")
        took_s = time.monotonic() - started_s
    assert answered.model == "b/two" and took_s < 3
    attempt = only_call(log).attempts[0]
    assert attempt.error_type == "timeout" and attempt.latency is not None and attempt.latency >= 290


def test_a_slow_drip_does_not_stretch_the_time() -> None:
    """A body that keeps dripping is given up at the end of the attempt's time, not at its own end."""
    drip = Reply([b" "] * 200, pause_s=0.05)
    started_s = time.monotonic()
    kind, _, _ = failure_of(drip, timeout_s=0.3)
    assert kind == "timeout" and time.monotonic() - started_s < 3


@pytest.mark.parametrize("reply", [Reply([], hang_up=True), Reply([b'{"a"'], hang_up=True)])
def test_a_broken_connection_is_a_network_failure(reply: Reply) -> None:
    """A connection that breaks before or inside the answer is a failure of kind network."""
    kind, _, status = failure_of(reply)
    assert (kind, status) == ("network", None)


def test_nobody_listening_is_a_network_failure() -> None:
    """A refused connection is a failure of kind network."""
    with FakeChatProvider([chat("hi")]) as provider:
        gone = settings_of(provider)
    log = CollectedCalls()
    with pytest.raises(NoModelAnswered) as caught:
        complete(gone, log)
    assert caught.value.type == "network" and only_call(log).attempts[0].http_status is None


def test_a_cancelled_call_is_logged_and_stays_cancelled() -> None:
    """Cancelling during an attempt passes through, and leaves one entry that says cancelled."""
    log = CollectedCalls()

    async def run(settings: LlmSettings, provider: FakeChatProvider) -> None:
        async with LLMOrchestrator.open(settings, log, SystemClock()) as orchestrator:
            request = CompletionRequest(messages=[{"role": "user", "content": "hi"}])
            task = asyncio.create_task(orchestrator.complete(request))
            while not provider.seen:
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    with FakeChatProvider([Reply([b"{}"], pause_s=30)]) as provider:
        asyncio.run(run(settings_of(provider, "b/two"), provider))
    call = only_call(log)
    assert call.error is not None and call.error.type == "cancelled"
    assert [attempt.outcome for attempt in call.attempts] == ["cancelled"]
    assert call.request.model == ASKED


def test_unicode_survives_the_wire() -> None:
    """Text of any script, and half a surrogate pair, goes there and comes back without an error."""
    log = CollectedCalls()
    text = "Björk 漢字 🎵 \ud83d"
    choices = [{"message": {"content": text, "reasoning": text}}]
    with FakeChatProvider([chat("", choices=choices, provider=text)]) as provider:
        answered = complete(settings_of(provider), log)
    assert answered.content == answered.reasoning == answered.provider == "Björk 漢字 🎵 \ufffd"
