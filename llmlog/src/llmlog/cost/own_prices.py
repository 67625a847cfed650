"""A person's own price list: a TOML file that wins over what is published, because its writer knows the contract.

    [[price]]
    model = "local/llama-70b"     # exact, or with * for any text: "ft:gpt-4.1*"
    provider = "my-gateway"       # may be left out; the provider or the flow of a call
    from = 2026-10-01             # may be left out; first UTC day it holds
    input = 0.40                  # US dollars per million tokens
    output = 1.20
    cached = 0.04                 # may be left out: as input
    cache_write = 0.50            # may be left out: as input
    reasoning = 1.20              # may be left out: as output
    per_call = 0.001              # may be left out: US dollars on top

The first that fits a call is taken.
"""

from __future__ import annotations

import hashlib
import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from llmlog.cost.rates import Rate, Rates

_RATES = ("input", "output", "cached", "cache_write", "reasoning", "per_call")
_KEYS = frozenset({"model", "provider", "from", *_RATES})


class OwnPrice(msgspec.Struct, frozen=True, kw_only=True):
    """One price of the list."""

    model: str
    """In small letters; `*` stands for any text."""
    rates: Rates
    provider: str | None = None
    """In small letters."""
    from_ms: int = 0

    def fits(self, model: str, provider: str, flow: str, timestamp_ms: int) -> bool:
        """Whether it is the price of a call; the names in small letters."""
        if timestamp_ms < self.from_ms or self.provider not in (None, provider, flow):
            return False
        if "*" not in self.model:
            return self.model == model
        return re.fullmatch(".*".join(map(re.escape, self.model.split("*"))), model) is not None


class OwnPrices(msgspec.Struct, frozen=True):
    """The whole list. `version` is `override:` and the beginning of the file's SHA-256."""

    prices: tuple[OwnPrice, ...]
    version: str

    @classmethod
    def read(cls, path: Path) -> OwnPrices:
        """Read a file. Raises OSError, and ValueError with a sentence that says what is wrong with it."""
        import tomllib  # not before somebody has a list

        content = path.read_bytes()
        fields = tomllib.loads(content.decode())  # its errors are ValueErrors that name the line
        rows = fields.get("price", [])
        unknown = sorted(fields.keys() - {"price"})
        if unknown or not isinstance(rows, list) or not rows:
            raise ValueError(f"it has “{unknown[0]}”" if unknown else "it has no [[price]]")
        prices = tuple(_price(row, number) for number, row in enumerate(rows, 1))
        return cls(prices, f"override:{hashlib.sha256(content).hexdigest()[:12]}")

    def rates(self, model: str, provider: str | None, flow: str | None, timestamp_ms: int) -> Rates | None:
        """The prices of a call; None when the list does not name it."""
        names = (model.strip().lower(), (provider or "").strip().lower(), (flow or "").strip().lower())
        return next((price.rates for price in self.prices if price.fits(*names, timestamp_ms)), None)


def _price(row: Any, number: int) -> OwnPrice:
    """One [[price]]. Raises ValueError."""
    where = f"price {number}"
    if not isinstance(row, dict):
        raise ValueError(f"{where} is no table")
    unknown = sorted(row.keys() - _KEYS)
    if unknown:
        raise ValueError(f"{where} has “{unknown[0]}”, which is none of {', '.join(sorted(_KEYS))}")
    amounts = {name: _amount(row[name], f"“{name}” of {where}") for name in _RATES if name in row}
    for name in ("input", "output"):
        if name not in amounts:
            raise ValueError(f"{where} has no “{name}”")
    per_call = amounts.pop("per_call", Decimal(0))
    provider = _name(row["provider"], f"“provider” of {where}") if "provider" in row else None
    rates = {name: Rate(amount) for name, amount in amounts.items()}
    return OwnPrice(
        model=_name(row.get("model"), f"“model” of {where}"),
        provider=provider,
        from_ms=_moment(row.get("from"), f"“from” of {where}"),
        rates=Rates(**rates, per_call=per_call),
    )


def _name(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{what} must be a name")
    return value.strip().lower()


def _amount(value: Any, what: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{what} must be a number of dollars from 0")
    return Decimal(repr(value))


def _moment(value: Any, what: str) -> int:
    if value is None:
        return 0
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError(f"{what} must be a day, as 2026-10-01")
    return int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()) * 1000
