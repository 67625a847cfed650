"""Prices from the data that come with genai-prices (the extra `prices`). Nothing is ever fetched.

The package takes some 0.2 s and 30 MB to import, so that is done when the first price is asked for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from llmlog.cost.names import GUESSED, named_in, names_of, seller_of
from llmlog.cost.rates import Rate, Rates

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice

REMEMBERED = 1_000
"""Models; their names come from the wire."""
_ORDINARY_TIERS = frozenset({"", "auto", "default", "standard"})

_Asked = tuple[str | None, str | None, str]


class Catalogue:
    """Looks models up, once each. One thread at a time uses it."""

    def __init__(self) -> None:
        """Load the data. Raises ImportError when the extra is not installed."""
        from genai_prices import __version__
        from genai_prices.data import providers
        from genai_prices.data_snapshot import DataSnapshot

        self.version = f"genai-prices {__version__}"
        self._data: DataSnapshot = DataSnapshot(providers=providers, from_auto_update=False)
        self._sellers = frozenset(provider.id for provider in providers)
        self._models: dict[_Asked, ModelInfo | None] = {}
        self._compiled: dict[int, Rates] = {}

    def rates(
        self, model: str, provider: str | None, flow: str | None, timestamp_ms: int, tier: str | None
    ) -> Rates | None:
        """The prices of a call at its time (ms since the epoch, UTC); None when nobody knows them.

        tier: the service tier that was asked for; a special one without prices of its own is not known.
        """
        asked = (flow, provider, model)
        if asked not in self._models:
            if len(self._models) >= REMEMBERED:
                self._models.clear()
            self._models[asked] = self._found(*asked)
        found = self._models[asked]
        if found is None:
            return None
        moment = datetime.fromtimestamp(timestamp_ms / 1000, tz=UTC)
        if tier is not None and tier.lower() not in _ORDINARY_TIERS:
            return _of_tier(found, moment, tier.lower())
        price = found.get_prices(moment)
        rates = self._compiled.get(id(price))  # the data are never let go, so neither are ids
        if rates is None:
            rates = self._compiled[id(price)] = rates_of(price)
        return rates

    def _found(self, flow: str | None, provider: str | None, model: str) -> ModelInfo | None:
        seller = self._seller(flow, provider, model)
        if seller is None:
            return None
        for name in names_of(model, seller, self._sellers):
            try:
                return self._data.find_provider_model(name, None, seller, None)[1]
            except LookupError:
                continue
        return None

    def _seller(self, flow: str | None, provider: str | None, model: str) -> str | None:
        if flow or provider:
            return seller_of(flow, provider, self._sellers)
        named = named_in(model, self._sellers)
        if named is not None:
            return named
        try:
            guessed = self._data.find_provider(names_of(model, "", self._sellers)[-1], None, None).id
        except LookupError:
            return None
        return guessed if guessed in GUESSED else None


def _of_tier(model: ModelInfo, moment: datetime, tier: str) -> Rates | None:
    context = {"service_tier": tier}
    for variant in model.price_variants or []:
        if variant.when == context and (variant.constraint is None or variant.constraint.active(moment)):
            return rates_of(model.get_prices(moment, context))
    return None


def rates_of(price: ModelPrice) -> Rates:
    """One model's prices as genai-prices has them. What is not counted in tokens or calls is not in a log."""
    of: dict[str, Any] = {key: value for key, value in vars(price).items() if value is not None}
    return Rates(
        input=_rate(of.get("input_mtok")),
        output=_rate(of.get("output_mtok")),
        cached=_rate(of.get("cache_read_mtok")),
        cache_write=_rate(of.get("cache_write_mtok")),
        reasoning=_rate(of.get("output_reasoning_mtok")),
        per_call=of.get("requests_kcount", Decimal(0)) / 1000,
    )


def _rate(price: Any) -> Rate | None:
    if price is None or isinstance(price, Decimal):
        return None if price is None else Rate(price)
    return Rate(price.base, tuple((tier.start, tier.price) for tier in price.tiers))
