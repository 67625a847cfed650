"""The order in which a call's cost is found: own price list, genai-prices, unknown.

What a provider reported itself is not asked about here: it stays as it is.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

from llmlog.cost.catalogue import Catalogue
from llmlog.cost.own_prices import OwnPrices
from llmlog.cost.rates import TokenCounts
from llmlog.entry import Cost

UNKNOWN = Cost()

_logger = logging.getLogger("llmlog")


class PricedCall(NamedTuple):
    """What a price depends on."""

    model: str
    provider: str | None
    flow: str | None
    timestamp_ms: int
    """Start of the call, ms since the epoch, UTC: prices change."""
    service_tier: str | None
    usage: TokenCounts


class Pricing:
    """Says what calls cost. One thread at a time uses it; making one does nothing."""

    def __init__(self, own: OwnPrices | None = None) -> None:
        """own: the person's list, if there is one."""
        self._own = own
        self._catalogue: Catalogue | None = None
        self._looked = False
        self._told = False

    def cost_of(self, call: PricedCall) -> Cost:
        """The cost of a call; `usd` None and source `unknown` where nobody knows it. Never raises."""
        try:
            return self._cost_of(call)
        except Exception as error:  # noqa: BLE001 - a price must not keep a log from the store, whatever is installed
            if not self._told:
                self._told = True
                _logger.warning("llmlog: a cost could not be computed: %s: %s", type(error).__name__, error)
            return UNKNOWN

    @property
    def sources(self) -> list[str]:
        """Versions of the prices there are, first the one that wins; empty when there are none. Loads them."""
        catalogue = self._published()
        own = [self._own.version] if self._own is not None else []
        return own + ([catalogue.version] if catalogue is not None else [])

    def _cost_of(self, call: PricedCall) -> Cost:
        model, provider, flow, timestamp_ms, tier, usage = call
        if self._own is not None:
            rates = self._own.rates(model, provider, flow, timestamp_ms)
            if rates is not None:
                usd = rates.usd(usage)
                return UNKNOWN if usd is None else Cost(usd=usd, source="override", price_version=self._own.version)
        catalogue = self._published()
        rates = catalogue.rates(model, provider, flow, timestamp_ms, tier) if catalogue is not None else None
        usd = rates.usd(usage) if rates is not None else None
        if catalogue is None or usd is None:
            return UNKNOWN
        return Cost(usd=usd, source="prices", price_version=catalogue.version)

    def _published(self) -> Catalogue | None:
        if not self._looked:
            self._looked = True
            try:
                self._catalogue = Catalogue()
            except ImportError:
                _logger.debug("llmlog: genai-prices is not installed; costs nobody reported are unknown")
        return self._catalogue
