"""Putting the health together: ledgers of every spool, the store as the shipper sees it, one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from llmlog.health import Health, ShippingHealth, SpoolHealth, StoreHealth
from llmlog.spool import Ledger, SpoolWriter
from llmlog.spool.directory import bytes_on_disk, delivered, directories
from llmlog.spool.files import LOCAL_FILES
from llmlog.spool.totals import Totals, read_totals
from llmlog.verdict import moment, verdict

if TYPE_CHECKING:
    from llmlog.ship import Shipper

RECENT_MS = 3600 * 1000


def spool_health(root: Path, limit: int, writer: SpoolWriter | None, shipper: Shipper | None) -> SpoolHealth:
    """The ledger of a data directory: spools in hand, spools of other processes, spools that are gone."""
    totals = read_totals(root)
    in_hand = {reader.directory.path: reader for reader in shipper.readers} if shipper is not None else {}
    for path in [each for each in directories(root) if each.name not in totals.removed]:
        reader = in_hand.get(path)
        if reader is not None:
            ledger = reader.directory.ledger
            accepted = max(ledger.accepted, reader.last_accepted)
            totals.add(accepted, reader.settled_total(), ledger.dropped())
        else:
            _add_ledger(totals, path)
    if writer is not None and writer.directory is None:
        for reason, count in writer.dropped().items():
            totals.dropped[reason] = totals.dropped.get(reason, 0) + count
    return SpoolHealth(
        directory=str(root),
        accepted=totals.accepted,
        stored=totals.stored,
        spooled=max(0, totals.accepted - totals.stored - totals.dead_lettered - totals.expired),
        dead_lettered=totals.dead_lettered,
        expired=totals.expired,
        quarantined=totals.quarantined,
        dropped=totals.dropped,
        bytes_used=bytes_on_disk(root),
        bytes_limit=limit,
        mode=writer.mode if writer is not None else LOCAL_FILES.mode(root),
        last_sync_error=writer.last_sync_error if writer is not None else None,
    )


def _add_ledger(totals: Totals, path: Path) -> None:
    try:
        ledger = Ledger(path / "ledger")
    except OSError:
        return  # its adopter removed it meanwhile; by now it is in the totals
    totals.add(ledger.accepted, ledger.acknowledged, ledger.dropped())
    ledger.close()


def restored_warning(shipper: Shipper | None) -> list[str]:
    """What to tell when Redis was found to have forgotten logs."""
    if shipper is None or shipper.restored is None:
        return []
    seen_ms, count = shipper.restored
    return [
        f"Redis had lost logs, seen at {moment(seen_ms)}: {count:,} of the minutes before were sent again from "
        "disk; what was older is gone."
    ]


def shipping_health(in_process: bool, root: Path, shipper: Shipper | None) -> ShippingHealth:
    """Who ships, and since when batches are refused. Looks at locks only where shipping is left to others."""
    if shipper is not None and shipper.trouble is not None:
        since_ms, reason = shipper.trouble
        return ShippingHealth(by="thread", refused_since=since_ms, refusal=reason)
    if in_process:
        return ShippingHealth()
    waiting = [path for path in directories(root) if not delivered(path)]
    return ShippingHealth(by="nobody" if waiting else "drain")


def health_of(
    spool: SpoolHealth,
    store: StoreHealth,
    shipping: ShippingHealth,
    warnings: list[str],
    last_drop_ms: int | None,
    now_ms: int,
) -> Health:
    """The whole, with its sentence."""
    losing = last_drop_ms is not None and now_ms - last_drop_ms < RECENT_MS
    state, sentence = verdict(spool, store, shipping, losing=losing)
    dropped = sum(spool.dropped.values())
    if dropped and not losing:
        warnings = [*warnings, f"{dropped:,} logs were dropped in the past: {spool.dropped}."]
    if spool.last_sync_error is not None:
        warnings = [
            *warnings,
            f"The spool's disk cannot sync ({spool.last_sync_error}): if this machine crashes, the newest logs "
            "are lost. Look at the disk.",
        ]
    if spool.quarantined:
        warnings = [*warnings, f"{spool.quarantined:,} damaged pieces of the spool were put aside (quarantine)."]
    return Health(state=state, sentence=sentence, spool=spool, store=store, shipping=shipping, warnings=warnings)
