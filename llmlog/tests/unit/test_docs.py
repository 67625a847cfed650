"""The docs say what the code does: settings, keys, counters, commands and links are compared."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from llmlog import LlmRequest, LlmResponse, LogEntry, Usage
from llmlog.store import keys
from llmlog.store.counters import increments
from llmlog.store.head import head_of

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "llmlog" / "src" / "llmlog"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
KEYS = (ROOT / "docs" / "redis-keys.md").read_text()


def test_every_setting_is_documented() -> None:
    """Each variable that settings.py reads stands in the table of operations.md, and no other."""
    read = set(re.findall(r'"((?:LLMLOG|LOG)_[A-Z_]+)"', (SOURCES / "settings.py").read_text()))
    told = set(re.findall(r"^\| `((?:LLMLOG|LOG)_[A-Z_]+)`", OPERATIONS, re.MULTILINE))
    assert read == told


def test_every_key_is_documented() -> None:
    """Each family of keys that keys.py makes stands in redis-keys.md and at the top of keys.py."""
    made = [
        keys.log("{id}"),
        keys.day("YYYY-MM-DD"),
        keys.user("{userId}"),
        keys.daily_statistics("YYYY-MM-DD"),
        keys.prompt("{hash}"),
        "llm:dict:{n}",
        keys.NEWEST_DICTIONARY,
        keys.MARKER,
        keys.EVENTS,
    ]
    told = set(re.findall(r"^\| `(llm:[^`]+)`", KEYS, re.MULTILINE))
    assert told == set(made)
    assert keys.__doc__ is not None
    for key in made:
        assert key.replace("{userId}", "{pseudonym}") in keys.__doc__


def test_every_counter_is_documented() -> None:
    """Each kind of counter an entry can add stands in redis-keys.md."""
    usage = Usage(prompt_tokens=1, completion_tokens=1, total_tokens=1, cached_tokens=1, reasoning_tokens=1)
    entry = LogEntry(
        interpretation={"intent": "play"},
        llm_request=LlmRequest(model="m", provider="p", flow="f"),
        llm_response=LlmResponse(content="", latency=1.0, usage=usage),
        status="error",
        stage="model",
    )
    head, _ = head_of(msgspec.json.encode(entry))
    for counter in increments(head):
        kind = ":".join(counter.split(":")[:2])
        assert kind in KEYS, counter


@pytest.mark.parametrize(
    "page", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")), ids=lambda path: path.name
)
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link of a page leads to a file that is there."""
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_make_commands_are_there() -> None:
    """Each `make` command that a page names is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        named = set(re.findall(r"^make ([a-z]+)", page.read_text(), re.MULTILINE))
        assert named <= targets
