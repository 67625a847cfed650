"""`since:` and `until:`: a typed time to ms since the epoch."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_AGO = re.compile(r"([0-9]{1,6})([smhdw])")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?")


class Now(NamedTuple):
    """When a query is asked, and where days begin."""

    at_ms: int
    zone: tzinfo


def moment_ms(text: str, now: Now, *, end: bool) -> int:
    """The time that a text names. end: of a day its end (`until:yesterday` takes yesterday in), else its start.

    Raises ValueError when it names none.
    """
    typed = text.strip()
    ago = _AGO.fullmatch(typed.lower())
    if ago is not None:
        return max(0, now.at_ms - int(ago[1]) * _UNITS_MS[ago[2]])
    try:
        if _MINUTE.fullmatch(typed.upper()) is not None:
            return _ms(datetime.fromisoformat(typed.upper()), now.zone)
        day = _day(typed.lower(), now) + timedelta(days=1 if end else 0)
        return _ms(datetime(day.year, day.month, day.day, tzinfo=now.zone), now.zone)
    except OverflowError:
        raise ValueError(text) from None


def _day(text: str, now: Now) -> date:
    today = datetime.fromtimestamp(now.at_ms / 1000, now.zone).date()
    if text == "today":
        return today
    if text == "yesterday":
        return today - timedelta(days=1)
    if _DAY.fullmatch(text) is None:
        raise ValueError(text)
    return date.fromisoformat(text)


def _ms(moment: datetime, zone: tzinfo) -> int:
    placed = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    return max(0, int(placed.timestamp() * 1000))
