"""From a sentence to an intent with a provider over real HTTP in between."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fake_chat_provider import CollectedCalls, FakeChatProvider, Reply, chat, json_reply

from djforge.interpreter import PROMPT_VERSION, Interpretation, Interpreter, NowPlaying, Turn
from djforge.llm import LLMOrchestrator
from djforge.settings import LlmSettings, ProviderSettings
from llmlog.clock import SystemClock

ANSWER = {"intent": "play_specific_song", "artist": "Phoenix", "track": "Lisztomania", "confidence": 0.9}


def interpret(
    script: list[Reply], command: str = "play something", log: CollectedCalls | None = None, **further: Any
) -> tuple[Interpretation, FakeChatProvider]:
    async def run(settings: LlmSettings) -> Interpretation:
        kept = log if log is not None else CollectedCalls()
        async with LLMOrchestrator.open(settings, kept, SystemClock()) as orchestrator:
            interpreter = Interpreter(orchestrator, SystemClock())
            return await interpreter.interpret(command, **{"history": [], **further})

    with FakeChatProvider(script) as provider:
        router = ProviderSettings(api_key="sk-or-12345678", base_url=provider.base_url)
        return asyncio.run(run(LlmSettings(openrouter=router, attempt_timeout_s=5))), provider


def test_a_sentence_becomes_an_intent() -> None:
    """A model's JSON becomes an intent that names the model, the log entry and the prompt."""
    found, provider = interpret([chat(json.dumps(ANSWER), model="a/b-002", provider="A")])
    assert (found.intent.intent, found.intent.artist, found.intent.track) == (
        "play_specific_song",
        "Phoenix",
        "Lisztomania",
    )
    assert (found.model, found.model_source, found.provider, found.flow) == (
        "a/b-002",
        "response",
        "A",
        "openrouter",
    )
    assert (found.problem, found.log_id, found.prompt_version) == (None, "log-1", PROMPT_VERSION)
    assert not found.needs_confirmation and found.latency_ms > 0
    assert provider.seen[0].body["response_format"] == {"type": "json_object"}


def test_the_conversation_is_sent_oldest_first() -> None:
    """System prompt, what plays, the ten newest turns oldest first, the command: in this order."""
    history = [Turn(command=f"c{n}", reply=f"r{n}", intent={"intent": "pause"}) for n in range(12)]
    playing = NowPlaying(artist="Björk", track="Jóga")
    _, provider = interpret([chat(json.dumps(ANSWER))], "now", history=history, playing=playing)
    messages = provider.seen[0].body["messages"]
    assert [m["role"] for m in messages[:4]] == ["system", "system", "user", "assistant"]
    assert "Jóga" in messages[1]["content"] and "Jóga" not in messages[0]["content"]
    assert [m["content"] for m in messages if m["role"] == "user"] == [*(f"c{n}" for n in range(2, 12)), "now"]
    assert json.loads(messages[3]["content"]) == {"intent": "pause", "message": "r2"}


def test_a_chat_without_text_is_answered_by_a_second_call() -> None:
    """An intent chat without a message is answered by a second call, which is logged for itself."""
    log = CollectedCalls()
    script = [chat('{"intent": "chat", "confidence": 0.9}'), chat("A band from Oxfordshire.")]
    found, provider = interpret(script, "who are Radiohead?", log)
    assert found.intent.message == "A band from Oxfordshire."
    assert len(log.calls) == 2 and "response_format" not in provider.seen[1].body
    assert [call.request.prompt_version for call in log.calls] == ["interpret-1", "answer-1"]
    assert [step.name for step in found.steps] == ["answer"]


def test_an_answer_that_is_no_json_is_a_problem_of_stage_parse() -> None:
    """Prose instead of JSON: intent unknown with the reason, the model named all the same."""
    found, _ = interpret([chat("I would love to, but I am a poem.")])
    assert found.intent.intent == "unknown" and found.problem is not None
    assert (found.problem.stage, found.model) == ("parse", "fake/model-1")
    assert found.raw_content == "I would love to, but I am a poem."


def test_a_song_without_a_title_is_a_problem_of_stage_schema() -> None:
    """An intent without what it needs is not made up: unknown, stage schema."""
    found, _ = interpret([chat('{"intent": "play_specific_song", "artist": "ABBA", "track": " "}')])
    assert found.intent.intent == "unknown" and found.problem is not None
    assert found.problem.stage == "schema" and "track" in found.problem.message


def test_without_any_model_a_guess_is_only_proposed() -> None:
    """No model answers: the keywords' guess is marked as proposed and to be confirmed."""
    found, _ = interpret([json_reply({"error": {"message": "down"}}, 503)], "play Halo by Beyoncé")
    assert found.proposed and found.needs_confirmation and found.model is None
    assert (found.intent.artist, found.intent.confidence) == ("Beyoncé", 0.3)
    assert found.problem is not None and found.problem.stage == "model" and found.log_id == "log-1"


def test_the_rules_go_the_same_way() -> None:
    """Without any provider the built-in rules answer through the same parsing, and are logged as themselves."""
    log = CollectedCalls()

    async def run() -> list[Interpretation]:
        async with LLMOrchestrator.open(LlmSettings(), log, SystemClock()) as orchestrator:
            interpreter = Interpreter(orchestrator, SystemClock())
            first = await interpreter.interpret("play something like Radiohead but happier", [])
            said = Turn(
                command="play something like Radiohead but happier",
                reply="Playing",
                intent={"intent": "play_specific_song", "artist": "Coldplay", "track": "Viva la Vida",
                        "alternatives": first.intent.alternatives},
            )  # fmt: skip
            return [first, await interpreter.interpret("the second one", [said], "openai/gpt-5")]

    first, second = asyncio.run(run())
    assert (first.model, first.provider, first.flow) == ("local/rules-1", "local", "local")
    assert first.intent.intent == second.intent.intent == "play_specific_song"
    assert f"{second.intent.artist} - {second.intent.track}" == first.intent.alternatives[1]
    assert second.requested_model == "openai/gpt-5"
    assert all(call.response and call.response.usage is None for call in log.calls) and len(log.calls) == 2
