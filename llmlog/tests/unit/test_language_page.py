"""docs/query-language.md tells what the parser does: its examples are read, its fields are the fields there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from language_world import asked

from llmlog.query.language.expressions import MAX_INSTRUCTIONS, MAX_SOURCE_CHARACTERS, MAX_TEXT_CHARACTERS
from llmlog.query.language.fields import FIELDS, KEY_CHARACTERS, NAMES
from llmlog.query.language.numbers import units_of
from llmlog.query.language.parse import MAX_CHARACTERS, MAX_EXPRESSIONS
from llmlog.query.language.places import SLOW_MS

PAGE = (Path(__file__).parents[3] / "docs" / "query-language.md").read_text(encoding="utf-8")
EXAMPLES = [row.replace("\\|", "|") for row in re.findall(r"^\| `(.+?)` \| [^`]*\|$", PAGE, re.MULTILINE)]
IN_TEXT = [
    example
    for example in re.findall(r"`([^`\n…]+)`", PAGE.split("## Words")[1].split("## Grammar")[0])
    if re.search(r"[a-z]:[^ ]|^/.+/$|^日|Mission|rock", example) and not example.startswith(("field:", "-field:"))
]
KINDS = dict(re.findall(r"^\| (exact|key|text|number|yes/no|time)[^|]* \| (.*) \|$", PAGE, re.MULTILINE))


def test_there_are_examples() -> None:
    """The page has its table of twenty, and examples in its text."""
    assert len(EXAMPLES) == 20
    assert len(IN_TEXT) >= 12


@pytest.mark.parametrize("example", [*EXAMPLES, *IN_TEXT])
def test_each_example_is_read(example: str) -> None:
    """Each query that the page shows can be typed."""
    assert asked(example).terms


def test_each_field_is_told() -> None:
    """The table of fields has each field in the row of its kind, no other, and the aliases stand below it."""
    rows = {"exact": "exact", "key": "key", "text": "text", "number": "number", "flag": "yes/no", "time": "time"}
    told = {row: set(re.findall(r"`([a-z]+)`", text)) for row, text in KINDS.items()}
    made = {row: {f.name for f in FIELDS.values() if f.kind == kind} for kind, row in rows.items()}
    assert told == made
    [aliases] = re.findall(r"^Other names: (.*)\.$", PAGE, re.MULTILINE)
    assert set(re.findall(r"`([a-z]+)`", aliases)) == set(NAMES) - set(FIELDS)


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if field.known])
def test_known_values_are_told(name: str) -> None:
    """A field with known values has them behind its name, in the order of the errors."""
    assert f"`{name}` ({', '.join(FIELDS[name].known)})" in "".join(KINDS.values())


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if field.kind == "number"])
def test_units_are_told(name: str) -> None:
    """A number field has its units behind its name."""
    units = units_of(FIELDS[name])
    [told] = [part for part in KINDS["number"].split(" · ") if f"`{name}`" in part]
    assert told.endswith(f" ({', '.join(units)})" if units else "`")


def test_limits_are_told() -> None:
    """The limits on the page are those of the code."""
    assert f"at most {MAX_CHARACTERS:,} characters" in PAGE
    assert f"At most {MAX_SOURCE_CHARACTERS}\ncharacters, {MAX_INSTRUCTIONS:,} instructions" in PAGE
    assert f"first {MAX_TEXT_CHARACTERS:,} characters" in PAGE
    assert MAX_EXPRESSIONS == 5 and "five in a query" in PAGE
    assert f"longer than {SLOW_MS // 1000} seconds" in PAGE
    assert KEY_CHARACTERS == 6 and "from six characters" in PAGE
