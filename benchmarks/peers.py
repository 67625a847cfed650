"""The peers, each used as its documentation tells a user to log one call of a model: input, output, model, usage.

All of them send to a sink on loopback, with their defaults otherwise; what they report about their own use is off
(`QUIET`). They run from `.venv-bench`, so nothing here is imported before a contender is asked for.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.contenders import Contender, Turn

PACKAGES = (
    "structlog",
    "opentelemetry-sdk",
    "arize-phoenix-otel",
    "langfuse",
    "opik",
    "logfire",
    "mlflow-tracing",
)
# Port 9 of loopback is nobody's: what would leave the machine fails there.
NOWHERE = "http://127.0.0.1:9"
QUIET = {
    "DO_NOT_TRACK": "1",
    "OPIK_SENTRY_ENABLE": "false",
    "OPIK_ANALYTICS_ENABLE": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "HTTP_PROXY": NOWHERE,
    "HTTPS_PROXY": NOWHERE,
    "NO_PROXY": "127.0.0.1,localhost",
}
INPUT_TOKENS, OUTPUT_TOKENS = 1700, 210


def structlog_file(directory: Path, sink_url: str) -> Contender:
    """structlog as JSON lines into a file, on the caller's thread."""
    import structlog

    file = (directory / "log.jsonl").open("wb")
    logger = structlog.wrap_logger(
        structlog.BytesLogger(file),
        processors=[
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(serializer=lambda event, **_: json.dumps(event).encode()),
        ],
    )
    return Contender(lambda turn: turn, lambda turn: logger.msg("llm_call", **turn), file.close)


def opentelemetry(directory: Path, sink_url: str) -> Contender:
    """An OpenTelemetry span with GenAI attributes, BatchSpanProcessor, OTLP over HTTP."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{sink_url}/v1/traces")))
    tracer = provider.get_tracer("benchmark")

    def log(turn: Turn) -> None:
        with tracer.start_as_current_span("chat") as span:
            span.set_attribute("gen_ai.operation.name", "chat")
            span.set_attribute("gen_ai.request.model", turn["model"])
            span.set_attribute("gen_ai.response.model", turn["model"])
            span.set_attribute("gen_ai.usage.input_tokens", INPUT_TOKENS)
            span.set_attribute("gen_ai.usage.output_tokens", OUTPUT_TOKENS)
            span.set_attribute("gen_ai.conversation.id", turn["session"])
            span.set_attribute("user.id", turn["user"])
            span.set_attribute("gen_ai.input.messages", json.dumps(turn["messages"]))
            span.set_attribute("gen_ai.output.messages", turn["content"])
            span.set_attribute("app.command", turn["command"])
            span.set_attribute("app.interpretation", json.dumps(turn["interpretation"]))
            span.set_attribute("app.result", turn["message"])

    return Contender(lambda turn: turn, log, provider.shutdown)


def phoenix(directory: Path, sink_url: str) -> Contender:
    """Phoenix: `register(batch=True)` and a span of kind LLM with OpenInference's attributes."""
    from openinference.instrumentation import get_llm_attributes
    from phoenix.otel import register, using_attributes

    provider = register(
        endpoint=f"{sink_url}/v1/traces",
        protocol="http/protobuf",
        project_name="benchmark",
        batch=True,
        set_global_tracer_provider=False,
        verbose=False,
    )
    tracer = provider.get_tracer("benchmark")

    def log(turn: Turn) -> None:
        context = using_attributes(session_id=turn["session"], user_id=turn["user"], metadata=_rest(turn))
        with context, tracer.start_as_current_span("chat", openinference_span_kind="llm") as span:
            span.set_input(turn["command"])
            span.set_output(turn["content"])
            span.set_attributes(
                get_llm_attributes(
                    model_name=turn["model"],
                    input_messages=turn["messages"],
                    output_messages=[{"role": "assistant", "content": turn["content"]}],
                    token_count={
                        "prompt": INPUT_TOKENS,
                        "completion": OUTPUT_TOKENS,
                        "total": INPUT_TOKENS + OUTPUT_TOKENS,
                    },
                )
            )

    return Contender(lambda turn: turn, log, provider.shutdown)


def langfuse(directory: Path, sink_url: str) -> Contender:
    """Langfuse: an observation of type generation, updated with output and usage."""
    from langfuse import Langfuse, propagate_attributes

    client = Langfuse(public_key="pk-lf-benchmark", secret_key="sk-lf-benchmark", base_url=sink_url)

    def log(turn: Turn) -> None:
        with (
            propagate_attributes(user_id=turn["user"], session_id=turn["session"]),
            client.start_as_current_observation(
                as_type="generation",
                name="chat",
                model=turn["model"],
                input=turn["messages"],
                metadata=_rest(turn),
            ) as generation,
        ):
            generation.update(
                output=turn["content"],
                usage_details={"input": INPUT_TOKENS, "output": OUTPUT_TOKENS},
            )

    return Contender(lambda turn: turn, log, client.shutdown)


def opik(directory: Path, sink_url: str) -> Contender:
    """Opik: a trace with a span of type llm, both given whole, which is the cheapest that its client offers."""
    os.environ["OPIK_CONFIG_PATH"] = ""
    from opik import Opik

    client = Opik(project_name="benchmark", workspace="default", host=f"{sink_url}/api")

    def log(turn: Turn) -> None:
        now = datetime.now(tz=UTC)
        trace = client.trace(
            name="chat",
            start_time=now,
            end_time=now,
            input={"command": turn["command"]},
            output={"message": turn["message"]},
            metadata={"user": turn["user"], "interpretation": turn["interpretation"]},
            thread_id=turn["session"],
        )
        trace.span(
            name="llm",
            type="llm",
            start_time=now,
            end_time=now,
            input={"messages": turn["messages"]},
            output={"content": turn["content"]},
            model=turn["model"],
            usage={
                "prompt_tokens": INPUT_TOKENS,
                "completion_tokens": OUTPUT_TOKENS,
                "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
            },
        )

    return Contender(lambda turn: turn, log, client.end)


def logfire(directory: Path, sink_url: str) -> Contender:
    """Logfire: a span with the request's and the response's data, to another backend over OTLP."""
    os.environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = f"{sink_url}/v1/traces"
    import logfire

    logfire.configure(
        send_to_logfire=False, service_name="benchmark", console=False, config_dir=directory, data_dir=directory
    )

    def log(turn: Turn) -> None:
        request = {"model": turn["model"], "messages": turn["messages"]}
        with logfire.span(
            "Chat completion with {request_data[model]!r}",
            request_data=request,
            user=turn["user"],
            session=turn["session"],
            **_rest(turn),
        ) as span:
            span.set_attribute("gen_ai.request.model", turn["model"])
            span.set_attribute("gen_ai.usage.input_tokens", INPUT_TOKENS)
            span.set_attribute("gen_ai.usage.output_tokens", OUTPUT_TOKENS)
            span.set_attribute("response_data", {"message": {"role": "assistant", "content": turn["content"]}})

    return Contender(lambda turn: turn, log, lambda: logfire.shutdown())


def mlflow(directory: Path, sink_url: str) -> Contender:
    """MLflow tracing: a span of type CHAT_MODEL, exported over OTLP by its batch processor."""
    os.environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = f"{sink_url}/v1/traces"
    os.environ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = "http/protobuf"
    import mlflow
    from mlflow.entities import SpanType
    from mlflow.tracing.constant import SpanAttributeKey

    mlflow.set_tracking_uri(sink_url)
    usage = {
        "input_tokens": INPUT_TOKENS,
        "output_tokens": OUTPUT_TOKENS,
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    }

    def log(turn: Turn) -> None:
        with mlflow.start_span(name="chat", span_type=SpanType.CHAT_MODEL) as span:
            span.set_inputs({"model": turn["model"], "messages": turn["messages"]})
            span.set_attributes({"user": turn["user"], "session": turn["session"], **_rest(turn)})
            span.set_attribute(SpanAttributeKey.CHAT_USAGE, usage)
            span.set_outputs({"role": "assistant", "content": turn["content"]})

    return Contender(lambda turn: turn, log, lambda: mlflow.flush_trace_async_logging(terminate=True))


def _rest(turn: Turn) -> dict[str, Any]:
    """What a turn holds beside the call itself."""
    return {
        "command": turn["command"],
        "interpretation": turn["interpretation"],
        "result": turn["message"],
    }


PEERS: dict[str, Callable[[Path, str], Contender]] = {
    "structlog to a file": structlog_file,
    "OpenTelemetry": opentelemetry,
    "Phoenix": phoenix,
    "Langfuse": langfuse,
    "Opik": opik,
    "Logfire": logfire,
    "MLflow tracing": mlflow,
}
SENDING = frozenset(PEERS) - {"structlog to a file"}
