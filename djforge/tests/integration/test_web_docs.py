"""The docs name every route of DJ Forge and every key it keeps, and no other."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from starlette.routing import Route
from web_serving import serving

from djforge.listener import keys

DOCS = Path(__file__).parents[3] / "docs"
HTTP = (DOCS / "http-api.md").read_text(encoding="utf-8")
KEYS = (DOCS / "redis-keys.md").read_text(encoding="utf-8")


def test_every_route_is_documented(tmp_path: Path) -> None:
    """Each route of the running app stands in http-api.md with who may use it, and no other does."""
    with serving(tmp_path) as app:
        named = {route.name for route in app.asgi.routes if isinstance(route, Route)}
    made = {name for name in named if "/api/claude/" not in name}
    assert len(named) - len(made) == len([name for name in made if "/api/llm/simple/" in name])
    rows = re.findall(
        r"^\| `(GET|POST) (/[^`]*)` \| ([a-z ]+) \|", HTTP.split("## DJ Forge: JSON")[1], re.MULTILINE
    )
    assert {f"{who}:{method} {path}" for method, path, who in rows} == made


def test_every_key_is_documented() -> None:
    """Each key that listener/keys.py makes stands in redis-keys.md and at the top of keys.py, and no other."""
    made = set()
    for name, function in inspect.getmembers(keys, inspect.isfunction):
        if function.__module__ != keys.__name__ or name == "hashed":
            continue
        [parameter] = inspect.signature(function).parameters
        key = function(f"{{{parameter}}}")
        made.add(key.replace(keys.hashed("{state}"), "{hash}").replace("{session_hash}", "{hash}"))
    assert len(made) >= 7
    told = set(re.findall(r"^\| `((?:djforge|user):[^`]+)`", KEYS, re.MULTILINE))
    assert told == made
    assert keys.__doc__ is not None
    assert set(re.findall(r"^\| `([^`]+)`", keys.__doc__, re.MULTILINE)) == made


def test_expiries_are_documented() -> None:
    """The times after which keys expire are the ones of the code."""
    told = {
        row[0]: row[1] for row in re.findall(r"^\| `(?:djforge|user):(\w+):[^`]+` \|.*\| ([^|]+) \|$", KEYS, re.M)
    }
    assert f"{keys.IDLE_S // 3600} h" in told["session"]
    assert f"{keys.ABSOLUTE_S // 86400} days" in told["session"]
    assert told["signin"].startswith(f"{keys.SIGN_IN_S // 60} min")
    assert told["pending"].startswith(f"{keys.PENDING_S // 60} min")
    assert told["conv"].startswith(f"{keys.CONVERSATION_S // 86400} days")
    assert told["model"].startswith(f"{keys.MODEL_S // 86400} days")
    assert told["profile"] == f"{keys.PROFILE_S // 3600} h"
