"""Reading: pages, single logs, search, statistics. Every answer says what it covered."""

from llmlog.query.results import (
    MAX_LIMIT,
    Coverage,
    LogResult,
    Pagination,
    QueryOptions,
    SearchResult,
    Statistics,
)

__all__ = [
    "MAX_LIMIT",
    "Coverage",
    "LogResult",
    "Pagination",
    "QueryOptions",
    "SearchResult",
    "Statistics",
]
