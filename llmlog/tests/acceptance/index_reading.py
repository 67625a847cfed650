"""Searches a damaged index as a process of its own, which a panic of the library may end: index_reading.py DATA_DIR

It tells `right`, `not used` (then the logs are read one by one) or `failed` (then, too), and `WRONG` never.
"""

from __future__ import annotations

import sys
from pathlib import Path

from llmlog.query.index.failures import IndexFailed
from llmlog.query.index.place import IndexPlace
from llmlog.query.index.reading import IndexReader
from llmlog.query.language import parse

LOGS = 600


def look(data_dir: Path) -> str:
    """What a reader makes of it."""
    try:
        snapshot = IndexReader(IndexPlace(data_dir)).snapshot()
        if snapshot is None:
            return "not used"
        ids = [member.id for member in snapshot.candidates(parse("", 0), None)]
        words = sum(snapshot.count(parse(f"w{number}", 0)) for number in range(100))
        known = {"model": {"terms": {"field": "model"}}, "latency": {"stats": {"field": "latency"}}}
        figures = snapshot.aggregate(parse("id:entry*", 0), known)
    except IndexFailed:
        return "failed"
    right = len(ids) == len(set(ids)) == LOGS and words == LOGS and figures["latency"]["sum"] == sum(range(LOGS))
    return "right" if right else "WRONG"


if __name__ == "__main__":
    print(look(Path(sys.argv[1])))
