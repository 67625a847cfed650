"""The docs say what the code does: settings, keys, counters, commands and links are compared."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from starlette.requests import HTTPConnection
from starlette.routing import Route

from llmlog import LLMLoggingService, LlmRequest, LlmResponse, LogEntry, Settings, Usage
from llmlog.admin import Viewer, create_admin
from llmlog.capture import PseudonymKeys, Pseudonyms
from llmlog.cli.main import COMMANDS, parser
from llmlog.clock import ManualClock
from llmlog.store import keys
from llmlog.store.counters import increments
from llmlog.store.head import head_of

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "llmlog" / "src" / "llmlog"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
KEYS = (ROOT / "docs" / "redis-keys.md").read_text()
HTTP = (ROOT / "docs" / "http-api.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()


class Nobody:
    """Access for an app that is only looked at."""

    sign_in_url = "/"

    async def identify(self, connection: HTTPConnection) -> Viewer | None:
        return None


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
        keys.erased("{userId}"),
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


def test_every_admin_route_is_documented(tmp_path: Path) -> None:
    """Each route of the admin app stands in http-api.md with the right it needs, and no other."""
    service = LLMLoggingService(
        Settings(data_dir=tmp_path), ManualClock(), None, Pseudonyms(PseudonymKeys({1: b"k"}))
    )
    app = create_admin(service, Nobody())
    made = set()
    for route in app.routes:
        if isinstance(route, Route):
            [method] = (route.methods or set()) - {"HEAD"}
            made.add((method, route.path, app.state.rights[route.path]))
    rows = re.findall(r"^\| `(GET|POST) (/(?:llmlog|api/llm-logs)[^`]*)` \| ([a-z ]+) \|", HTTP, re.MULTILINE)
    assert {(method, path, who.replace(" ", "-")) for method, path, who in rows} == made


def test_every_command_is_documented() -> None:
    """Each command of `llmlog` stands in architecture.md, and each that a page shows exists."""
    made = set(re.findall(r"^    (\w+)(?: {2,}|$)", parser().format_help(), re.MULTILINE))
    assert len(made) == len(COMMANDS)
    [row] = re.findall(r"^\| `cli/` \| `llmlog ([a-z, ]+)`", ARCHITECTURE, re.MULTILINE)
    assert set(row.split(", ")) == made
    for page in (ROOT / "README.md", ROOT / "llmlog" / "README.md", ROOT / "docs" / "operations.md"):
        shown = re.findall(r"(?:^|`|… )llmlog ([a-z]+)", page.read_text(), re.MULTILINE)
        assert set(shown) <= made, page.name


@pytest.mark.parametrize(
    "page",
    [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("*/README.md")), *sorted((ROOT / "docs").rglob("*.md"))],
    ids=lambda path: path.name,
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
