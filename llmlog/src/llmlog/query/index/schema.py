"""What the index holds of a log. Another `VERSION` than the one on disk means: build it again.

    id        the log's id                     rank      timestamp and a hash of the id, see order.py
    ts, day   ms since the epoch; UTC day      flag      `is:…`, `has:…`, `any:<field>` of a text not empty,
                                                         `cut:<field>` where a word or value was too long
    <name>    exact fields, as they stand      =<name>   the same, folded; keys without their version
    <name>    number fields                    ~<name>   words of text fields, folded

Every exact and number field is a fast field, so that facets, histograms and percentiles never touch a body.
"""

from __future__ import annotations

from typing import Final

import tantivy

from llmlog.query.language.fields import FIELDS
from llmlog.store.keys import DAY_MS

VERSION: Final = 2
MESSAGE: Final = "message"
"""The last user message: searched by free words, no field of the query language."""
TEXTS: Final = ("command", MESSAGE, "response", "reasoning", "result", "error")
SEPARATOR: Final = "\x01"
"""A word that occurs in no text: stands between two texts of one field, so that no phrase reaches across."""

EXACT: Final = tuple(name for name, field in FIELDS.items() if field.kind in ("exact", "key") and name != "id")
NUMBERS: Final = tuple(name for name, field in FIELDS.items() if field.kind == "number")


def day_of(timestamp_ms: int) -> int:
    """The UTC day, in days since the epoch."""
    return max(0, timestamp_ms) // DAY_MS


def folded(name: str) -> str:
    """Where an exact field stands folded."""
    return f"={name}"


def words(name: str) -> str:
    """Where a text field stands as words."""
    return f"~{name}"


def schema() -> tantivy.Schema:
    """The schema of this version."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("rank", fast=True)
    builder.add_unsigned_field("ts", fast=True)
    builder.add_unsigned_field("day", fast=True, indexed=True)
    builder.add_text_field("flag", fast=True, tokenizer_name="raw", index_option="basic")
    for name in (*EXACT, "id"):
        if name != "id":
            builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
        builder.add_text_field(folded(name), tokenizer_name="raw", index_option="basic")
    for name in NUMBERS:
        builder.add_float_field(name, fast=True)
    for name in TEXTS:
        builder.add_text_field(words(name), tokenizer_name="whitespace", index_option="position")
    return builder.build()
