"""Spool to store: batches, a circuit breaker, acknowledgement."""

from llmlog.ship.breaker import CircuitBreaker
from llmlog.ship.shipper import Shipper

__all__ = ["CircuitBreaker", "Shipper"]
