"""Changing a query as a person would: what a click on a filter does to it."""

from __future__ import annotations

from collections.abc import Iterable

from llmlog.query.language.fields import comparable
from llmlog.query.language.tree import Exact, Query, Term


def toggled(query: Query, field: str, value: str) -> Query:
    """With a value of a field added to those asked for; or without it, when it was one of them."""
    own = [term for term in query.terms if term.field == field and not term.negated]
    values = [each for term in own for each in term.values]
    plain = comparable(field, value)
    kept = [each for each in values if not (isinstance(each, Exact) and each.folded == plain)]
    if len(kept) == len(values):
        kept.append(Exact(text=value, folded=plain))
    others = [term for term in query.terms if term not in own]
    return _of([*others, Term(field=field, values=tuple(kept))] if kept else others)


def only(query: Query, field: str, value: str) -> Query:
    """With just this value of a field asked for, whatever was before."""
    others = [term for term in query.terms if term.field != field]
    return _of([*others, Term(field=field, values=(_exact(field, value),))])


def excluding(query: Query, field: str, value: str) -> Query:
    """With a value of a field excluded."""
    others = [term for term in query.terms if term.field != field or term.negated]
    return _of([*others, Term(field=field, values=(_exact(field, value),), negated=True)])


def _exact(field: str, value: str) -> Exact:
    return Exact(text=value, folded=comparable(field, value))


def _of(terms: Iterable[Term]) -> Query:
    return Query(terms=tuple(terms))
