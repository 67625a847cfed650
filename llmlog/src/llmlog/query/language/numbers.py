"""Values of number fields: `>2s`, `1s..3s`, `0.05`, in the unit of the field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

import msgspec

from llmlog.query.language.faults import QuerySyntaxError
from llmlog.query.language.fields import Field, Unit
from llmlog.query.language.tree import Numbers


class _Measure(msgspec.Struct, frozen=True, kw_only=True):
    units: Mapping[str, str]
    """Factor of each unit; "" is none."""
    more: str
    """For example."""
    between: str
    prefix: str = ""


_MEASURES: Mapping[Unit, _Measure] = MappingProxyType(
    {
        "ms": _Measure(units={"": "1", "ms": "1", "s": "1000", "m": "60000"}, more=">2s", between="1s..3s"),
        "tokens": _Measure(units={"": "1", "k": "1000", "m": "1000000"}, more=">4k", between="1k..4k"),
        "usd": _Measure(units={"": "1", "c": "0.01"}, more=">0.01", between="0.01..0.05", prefix="$"),
        "bytes": _Measure(
            units={"": "1", "b": "1", "kb": "1000", "mb": "1000000"}, more=">20kb", between="10kb..20kb"
        ),
        "plain": _Measure(units={"": "1"}, more=">1", between="1..2"),
    }
)
_SCALAR = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)([^0-9.]*)")
_COMPARE = re.compile(r"(>=|<=|>|<|=|)(.*)", re.DOTALL)


def numbers(field: Field, typed: str, start: int, end: int) -> Numbers:
    """The range a text stands for. start, end: its place in the query. Raises QuerySyntaxError."""
    text = typed.lower()
    place = (start, end)
    low_text, dots, high_text = text.partition("..")
    if dots:
        low, high = _scalar(field, low_text, place), _scalar(field, high_text, place)
        if low > high:
            raise QuerySyntaxError(f"This range is empty: {low_text} is more than {high_text}.", *place)
        return Numbers(start=start, end=end, text=text, low=low, high=high)
    found = _COMPARE.fullmatch(text)
    sign, rest = (found[1], found[2]) if found is not None else ("", text)
    value = _scalar(field, rest, place)
    return Numbers(
        start=start,
        end=end,
        text=text,
        low=None if sign.startswith("<") else value,
        high=None if sign.startswith(">") else value,
        low_included=sign != ">",
        high_included=sign != "<",
    )


def only_one(field: Field, start: int, end: int) -> QuerySyntaxError:
    """The error for several numbers."""
    example = f"{field.name}:{_measure(field).between}"
    return QuerySyntaxError(f"{field.name} takes one number or range, for example {example}.", start, end)


def units_of(field: Field) -> tuple[str, ...]:
    """The units a number field takes, as they are told to a person; empty when it takes none."""
    measure = _measure(field)
    return tuple(unit for unit in (measure.prefix, *measure.units) if unit)


def _measure(field: Field) -> _Measure:
    return _MEASURES[field.unit or "plain"]


def _scalar(field: Field, text: str, place: tuple[int, int]) -> float:
    measure = _measure(field)
    found = _SCALAR.fullmatch(text.removeprefix(measure.prefix))
    if found is None:
        raise QuerySyntaxError(f"{field.name} needs a number, for example {field.name}:{measure.more}.", *place)
    factor = measure.units.get(found[2])
    if factor is None:
        known = ", ".join(units_of(field))
        instead = f"Use {known}." if known else "Leave it out."
        raise QuerySyntaxError(f"“{found[2][:40]}” is not a unit for {field.name}. {instead}", *place)
    return float(Decimal(found[1]) * Decimal(factor))
