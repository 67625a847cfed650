"""Jinja2 as every page uses it: everything escaped, an unknown name is an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2
from starlette.templating import Jinja2Templates


def make_templates(directory: Path, static: Callable[[str], str], shared: Mapping[str, Any]) -> Jinja2Templates:
    """The templates of a directory; `static` gives a static file's address, `shared` is known to all."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(directory),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(static=static, **shared)
    environment.filters.update(seconds=seconds, minutes=minutes)
    return Jinja2Templates(env=environment)


def seconds(latency_ms: float) -> str:
    """`230 ms`, `9.4 s`."""
    return f"{latency_ms:.0f} ms" if latency_ms < 1000 else f"{latency_ms / 1000:.1f} s"


def minutes(duration_ms: float) -> str:
    """`3:07`."""
    whole_s = int(duration_ms) // 1000
    return f"{whole_s // 60}:{whole_s % 60:02d}"
