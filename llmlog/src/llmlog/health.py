"""How llmlog is doing, as figures and as one sentence."""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["ok", "degraded", "losing"]


class SpoolHealth(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The ledger: accepted = stored + spooled + dead_lettered + expired + dropped, at every moment."""

    directory: str
    accepted: int = 0
    stored: int = 0
    spooled: int = 0
    """Accepted, safe on this machine's disk, not yet in Redis (all spools of the data directory)."""
    dead_lettered: int = 0
    expired: int = 0
    quarantined: int = 0
    """Frames whose checksum failed; put aside, not part of the ledger's sum."""
    dropped: dict[str, int] = {}
    """Not accepted, by reason."""
    bytes_used: int = 0
    bytes_limit: int = 0
    mode: Literal["mapped", "written"] = "mapped"
    """How logs reach the disk: `written` on network and copy-on-write file systems, which costs a call more."""
    last_sync_error: str | None = None
    """Why the newest logs are not safe from a crash of the machine; None when they are, or soon will be."""


class StoreHealth(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Redis, as the shipper sees it."""

    answering: bool
    where: str
    """`embedded (Valkey 9.1.2)` or the host and port, never credentials."""
    breaker: Literal["closed", "open", "half-open"] = "closed"
    not_answering_since: int | None = None
    """ms since the epoch."""
    last_error: str | None = None
    retention_days: int = 90


class ShippingHealth(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who takes logs from disk to Redis, and whether Redis takes them."""

    by: Literal["thread", "drain", "nobody"] = "thread"
    """`nobody`: this process leaves it to `llmlog drain`, and none is running."""
    refused_since: int | None = None
    """Since when no batch was taken, ms since the epoch; None while they are."""
    refusal: str | None = None
    """The short name of why, e.g. `OOM`."""


class Health(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The whole, with one sentence on top for a person."""

    state: State
    sentence: str
    spool: SpoolHealth
    store: StoreHealth
    shipping: ShippingHealth = ShippingHealth()
    warnings: list[str] = []
