"""Replies, turns and figures as JSON, camelCase."""

from __future__ import annotations

from typing import Any

import msgspec

from djforge.commands.reply import Reply
from djforge.listener.conversation import Turn
from djforge.web.api.health import iso
from llmlog import Statistics


def reply_body(reply: Reply) -> dict[str, Any]:
    """The answer to a command."""
    intent = msgspec.to_builtins(reply.intent) if reply.intent is not None else {}
    outcome = msgspec.to_builtins(reply.outcome) if reply.outcome is not None else {}
    interpretation = {
        **intent,
        "command": reply.command,
        "model": reply.model,
        "modelSource": reply.model_source,
        "requestedModel": reply.requested_model,
        "provider": reply.provider,
        "flow": reply.flow,
    }
    body = {
        **{name: value for name, value in outcome.items() if name not in ("success", "message")},
        "success": reply.success,
        "message": reply.message,
        "interpretation": interpretation,
        "logId": reply.log_id,
        "timestamp": iso(reply.at_ms),
    }
    if reply.awaits_confirmation:
        body |= {"confirmation_needed": True, "pending_action": intent, "confidence": intent.get("confidence")}
    if intent.get("options"):
        body |= {"clarificationOptions": intent["options"], "uiType": "clarification_buttons"}
    if intent.get("intent") == "chat":
        body["conversational"] = True
    return body


def history_item(turn: Turn) -> dict[str, Any]:
    """One turn of the history."""
    return {
        "command": turn.command,
        "response": turn.reply,
        "success": turn.success,
        "intent": turn.intent.get("intent"),
        "confidence": turn.intent.get("confidence"),
        "reasoning": turn.intent.get("reasoning"),
        "interpretation": turn.intent,
        "model": turn.model,
        "logId": turn.log_id,
        "timestamp": iso(turn.at_ms),
    }


def statistics_body(figures: Statistics) -> dict[str, Any]:
    """How commands went."""
    total = figures.total_queries
    rate = figures.error_rate
    return {
        "totalRequests": total,
        "successRate": None if rate is None else round(1 - rate, 4),
        "avgResponseTime": figures.avg_latency,
        "intentDistribution": figures.intent_distribution,
        "modelDistribution": figures.model_distribution,
    }
