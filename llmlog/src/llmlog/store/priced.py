"""Giving an entry its cost on the way to the store: in its head, for counters and scalars, and in its JSON.

The JSON is changed in one place and otherwise passed on as it came. That the place was the right one is seen by
reading the head again.
"""

from __future__ import annotations

import msgspec

from llmlog.cost.pricing import PricedCall, Pricing
from llmlog.decoding import decode_entry
from llmlog.entry import Cost
from llmlog.store.head import EntryHead, head_of

PLACES_TRIED = 8
"""A log may hold JSON of the host's that has costs of its own."""

_encode = msgspec.json.Encoder().encode


def priced(head: EntryHead, body: bytes, pricing: Pricing | None) -> tuple[EntryHead, bytes]:
    """An entry with what its call cost. One whose cost is known, or that used nothing, stays as it is.

    Where there are no prices at all (`pricing` None) every entry does.
    """
    response = head.llm_response
    if pricing is None or response is None or response.usage is None:
        return head, body
    if response.cost is not None and response.cost.usd is not None:
        return head, body
    cost = cost_of(head, pricing)
    return (head, body) if cost is None or cost == response.cost else with_cost(head, body, cost)


def cost_of(head: EntryHead, pricing: Pricing) -> Cost | None:
    """What an entry's call cost as far as prices know; None when it used nothing."""
    request, response = head.llm_request, head.llm_response
    if response is None or response.usage is None:
        return None
    tier = request.params.service_tier if request.params is not None else None
    return pricing.cost_of(
        PricedCall(
            model=request.model,
            provider=request.provider,
            flow=request.flow,
            timestamp_ms=head.timestamp,
            service_tier=tier if isinstance(tier, str) else None,
            usage=response.usage,
        )
    )


def with_cost(head: EntryHead, body: bytes, cost: Cost) -> tuple[EntryHead, bytes]:
    """The entry with another cost. Raises msgspec.DecodeError when it has no response to hold it."""
    old = head.llm_response.cost if head.llm_response is not None else None
    sought, wanted = b'"cost":' + _encode(old), b'"cost":' + _encode(cost)
    place = body.rfind(sought)  # it stands near the end
    for _ in range(PLACES_TRIED):
        if place == -1:
            break
        changed = b"".join((body[:place], wanted, body[place + len(sought) :]))
        seen, _ = head_of(changed)
        if seen.llm_response is not None and seen.llm_response.cost == cost:
            return seen, changed
        place = body.rfind(sought, 0, place)
    return _written_anew(body, cost)


def _written_anew(body: bytes, cost: Cost) -> tuple[EntryHead, bytes]:
    """For an entry of another writer, spaced or ordered in its own way."""
    entry = decode_entry(body)
    if entry.llm_response is None:
        raise msgspec.DecodeError("an entry without an answer has no cost")
    response = msgspec.structs.replace(entry.llm_response, cost=cost)
    return head_of(_encode(msgspec.structs.replace(entry, llm_response=response)))
