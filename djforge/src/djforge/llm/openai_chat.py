"""The door to every provider that speaks OpenAI's chat wire: OpenRouter, OpenAI, and servers like them.

One request per `ask`, no retries and no redirects: retries are rungs of the ladder, where each is logged.
The key goes into one header and into nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx2
import msgspec

from djforge.llm.chat_body import answer_of, decoded, error_in
from djforge.llm.completion import Answer, CompletionRequest
from djforge.llm.errors import AttemptFailed, AttemptTimedOut, InvalidAnswer, NetworkFailed
from djforge.llm.failures import masked, refusal
from llmlog.clock import Clock

ANSWER_BYTES = 20_000_000
"""A longer body is no answer but a flood."""
CONNECT_TIMEOUT_S = 10.0
_SENDABLE = re.compile(r"[!-~]+")


class ChatWire(msgspec.Struct, frozen=True, kw_only=True):
    """How one provider wants to be spoken to."""

    provider: str
    flow: str
    base_url: str
    serves: Callable[[str], bool]
    """Whether a model id is asked here."""
    wire_model: Callable[[str], str]
    """The provider's own spelling of a model id."""
    headers: dict[str, str] = {}
    limit_field: str = "max_tokens"
    """Name of the field that limits the tokens of an answer."""
    fixed_temperature: Callable[[str], bool] | None = None
    """Which models refuse a temperature; None = none of them."""


class OpenAIChatAdapter:
    """Asks one provider. Closed with `aclose`.

    api_key None = the server wants none. Raises ValueError for a key that no header can carry.
    """

    def __init__(self, wire: ChatWire, api_key: str | None, clock: Clock) -> None:
        if api_key is not None and not _SENDABLE.fullmatch(api_key):
            raise ValueError(f"The key of {wire.provider} has characters that no header can carry.")
        self._wire = wire
        self._key = api_key
        self._clock = clock
        headers = {"Accept": "application/json", "Content-Type": "application/json", **wire.headers}
        if api_key is not None:
            headers["Authorization"] = f"Bearer {api_key}"
        self._client = httpx2.AsyncClient(
            headers=headers,
            # The time of a whole attempt is the orchestrator's; a dead host should show sooner.
            timeout=httpx2.Timeout(None, connect=CONNECT_TIMEOUT_S),
            follow_redirects=False,
        )

    @property
    def provider(self) -> str:
        """The provider's name."""
        return self._wire.provider

    @property
    def flow(self) -> str:
        """The route it stands for."""
        return self._wire.flow

    def serves(self, model: str) -> bool:
        """Whether a model of this id is asked here."""
        return self._wire.serves(model)

    def body(self, request: CompletionRequest, model: str) -> dict[str, Any]:
        """The request exactly as `ask` will send it."""
        wire_model = self._wire.wire_model(model)
        body: dict[str, Any] = {**request.params, "model": wire_model, "messages": request.messages}
        if self._wire.fixed_temperature is None or not self._wire.fixed_temperature(wire_model):
            body["temperature"] = request.temperature
        if request.max_tokens is not None:
            body[self._wire.limit_field] = request.max_tokens
        if request.json_mode:
            body["response_format"] = {"type": "json_object"}
        return body

    async def ask(self, body: dict[str, Any], asked_model: str) -> Answer:
        """Send one request. Raises AttemptFailed."""
        url = f"{self._wire.base_url}/chat/completions"
        try:
            async with self._client.stream("POST", url, content=json.dumps(body).encode()) as response:
                received = await _bounded(response)
        except httpx2.TimeoutException as error:
            raise AttemptTimedOut(self._told(error)) from error
        except httpx2.DecodingError as error:
            raise InvalidAnswer("the answer's compression is broken") from error
        except httpx2.HTTPError as error:
            raise NetworkFailed(self._told(error)) from error
        return self._read(response, received, asked_model, "response_format" in body)

    async def aclose(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    def _read(self, response: httpx2.Response, received: bytes, asked_model: str, json_mode: bool) -> Answer:
        status = response.status_code
        request_id = response.headers.get("x-request-id")
        try:
            body = self._checked(response, received)
            answer = answer_of(body, asked_model=asked_model, provider=self._wire.provider, json_mode=json_mode)
        except AttemptFailed as failure:
            failure.http_status = status
            failure.request_id = failure.request_id or request_id
            raise
        return msgspec.structs.replace(answer, http_status=status, request_id=request_id or answer.request_id)

    def _checked(self, response: httpx2.Response, received: bytes) -> Any:
        """The decoded body of a response that is no refusal. Raises AttemptFailed."""
        status = response.status_code
        if 300 <= status < 400:
            raise InvalidAnswer("the provider redirects, which is not followed")
        if status >= 400:
            raise self._refusal(_error_body(received), response)
        kind = response.headers.get("content-type", "application/json").split(";")[0].strip().lower()
        if "json" not in kind and kind != "text/plain":
            raise InvalidAnswer(f"the answer is not JSON but {masked(kind, self._key)[:80]}")
        body = decoded(received)
        error = error_in(body)
        if error is not None:
            raise self._refusal(error, response)
        return body

    def _refusal(self, error: Any, response: httpx2.Response) -> AttemptFailed:
        return refusal(
            error,
            http_status=response.status_code,
            headers=response.headers,
            now_ms=self._clock.now_ms(),
            secret=self._key,
        )

    def _told(self, error: Exception) -> str:
        return masked(f"{type(error).__name__}: {error}".rstrip(": "), self._key)


async def _bounded(response: httpx2.Response) -> bytes:
    """The body, up to `ANSWER_BYTES`. Raises InvalidAnswer beyond."""
    received = bytearray()
    async for piece in response.aiter_bytes():
        received += piece
        if len(received) > ANSWER_BYTES:
            raise InvalidAnswer(
                f"the answer is longer than {ANSWER_BYTES // 1_000_000} MB", http_status=response.status_code
            )
    return bytes(received)


def _error_body(received: bytes) -> Any:
    """What a refusal says: its `error`, the body itself where it has none, None where it is not JSON."""
    try:
        body = decoded(received)
    except InvalidAnswer:
        return None
    return error_in(body) or body
