"""Spool to store: batches, a circuit breaker, acknowledgement."""

from llmlog.ship.breaker import CircuitBreaker
from llmlog.ship.dead_letters import DeadLetters
from llmlog.ship.shipper import Shipper
from llmlog.ship.sources import Sources

__all__ = ["CircuitBreaker", "DeadLetters", "Shipper", "Sources"]
