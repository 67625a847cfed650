"""The health page: one sentence on top, the ledger and the store below."""

from __future__ import annotations

import msgspec

from llmlog.admin.pages import wording
from llmlog.health import Health

_WAYS = {
    "mapped": "through mapped memory",
    "written": "through plain writes: this file system cannot be mapped safely",
}


class HealthView(msgspec.Struct, frozen=True, kw_only=True):
    """Context of health.html."""

    sentence: str
    tone: str
    ledger: list[tuple[str, str]]
    dropped: list[tuple[str, int]]
    store: list[tuple[str, str]]
    warnings: list[str]


def health_view(health: Health) -> HealthView:
    """The health as rows of words."""
    spool, store = health.spool, health.store
    since = store.not_answering_since
    return HealthView(
        sentence=health.sentence,
        tone={"ok": "ok", "degraded": "warn", "losing": "err"}[health.state],
        ledger=[
            ("Accepted", f"{spool.accepted:,}"),
            ("Stored in Redis", f"{spool.stored:,}"),
            ("On disk, on the way", f"{spool.spooled:,}"),
            ("Dead letters", f"{spool.dead_lettered:,}"),
            ("Too old on arrival", f"{spool.expired:,}"),
            ("Damaged frames put aside", f"{spool.quarantined:,}"),
            ("Spool on disk", f"{wording.size(spool.bytes_used)} of {wording.size(spool.bytes_limit)}"),
            ("Reaches the disk", _WAYS[spool.mode]),
        ],
        dropped=list(spool.dropped.items()),
        store=[
            ("Where", store.where),
            ("Answering", "yes" if store.answering else "no"),
            ("Not answering since", wording.full_time(since) if since else "–"),
            (
                "Shipped by",
                {"thread": "this process", "drain": "llmlog drain", "nobody": "nobody"}[health.shipping.by],
            ),
            ("Circuit breaker", store.breaker),
            ("Last error", store.last_error or "–"),
            ("Retention", f"{store.retention_days} days"),
        ],
        warnings=health.warnings,
    )
