"""The query language: one parser for pages, API and CLI. `docs/query-language.md` is its page for people."""

from llmlog.query.language.faults import QuerySyntaxError
from llmlog.query.language.matching import Matcher, highlights, matches
from llmlog.query.language.parse import MAX_CHARACTERS, parse
from llmlog.query.language.printing import ordered, printed
from llmlog.query.language.tree import Query, Term, Value, unplaced

__all__ = [
    "MAX_CHARACTERS",
    "Matcher",
    "Query",
    "QuerySyntaxError",
    "Term",
    "Value",
    "highlights",
    "matches",
    "ordered",
    "parse",
    "printed",
    "unplaced",
]
