"""Reading the tables of this package: a row a line, fields parted by "|", comments begin with "#"."""

from __future__ import annotations

from importlib.resources import files


def rows(name: str) -> list[list[str]]:
    """The rows of a table."""
    text = files("djforge.llm.rules").joinpath(name).read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return [[field.strip() for field in line.split("|")] for line in lines]
