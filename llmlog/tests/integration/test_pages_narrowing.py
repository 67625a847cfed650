"""The list's filters, bars and spans: every link does what its figure says, without a script."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient
from stored_logs import StoredLogs, entry, stored_logs

from llmlog import LlmRequest
from llmlog.admin import Viewer, create_admin
from llmlog.query.index.follower import IndexFollower
from llmlog.query.index.place import IndexPlace

MODELS = ("claude-sonnet-4", "gpt-5", "a model, with a comma", 'and "quotes"', "o3*", "sixth")
LIST = "/llmlog/logs"


class Dana:
    """Everybody is dana, who is the administrator."""

    sign_in_url = "/sign-in"

    async def identify(self, connection: HTTPConnection) -> Viewer | None:
        return Viewer(user_id="dana", display_name="Dana", is_administrator=True)


def fill(logs: StoredLogs) -> None:
    """Logs over two days, of several models, people and outcomes."""
    logs.write(
        entry(
            number,
            logs.now_ms - number * 1_800_000 - 1,
            command=f"play {'jazz' if number % 3 else 'rock'}",
            user_id=logs.service.pseudonym(f"person-{number % 4}"),
            llm_request=LlmRequest(model=MODELS[number % len(MODELS)]),
            interpretation={"intent": "play_track" if number % 2 else "pause"},
            status=("ok", "fallback", "error")[number % 3],
        )
        for number in range(90)
    )


@pytest.fixture(name="client", scope="module")
def _client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    data_dir = tmp_path_factory.mktemp("data")
    with stored_logs(data_dir, now_ms=time.time_ns() // 1_000_000) as logs:
        fill(logs)
        follower = IndexFollower(logs.service._reads.store, IndexPlace(data_dir), logs.clock)
        while follower.round():
            pass
        with TestClient(create_admin(logs.service, Dana())) as client:
            yield client
        follower.stop()


def page(client: TestClient, href: str, status: int = 200) -> str:
    """A page's HTML."""
    answer = client.get(href)
    assert answer.status_code == status, answer.text
    return answer.text


def total(text: str) -> int:
    """How many logs the page says it found."""
    found = re.search(r'role="status"><strong>([\d,]+) (?:found|logs?)', text)
    assert found is not None, text
    return int(found[1].replace(",", ""))


def values(text: str) -> list[dict[str, Any]]:
    """Every value of every facet on a page."""
    pattern = re.compile(
        r'<a class="pick" href="(?P<href>[^"]*)" '
        r'aria-label="(?P<verb>With|Without) (?P<label>.*?), (?P<count>[\d,]+)"'
        r'.*?<span class="also"><a href="(?P<only>[^"]*)">only</a> <a href="(?P<exclude>[^"]*)">exclude</a>',
        re.DOTALL,
    )
    found = (match.groupdict().items() for match in pattern.finditer(text))
    return [{name: html.unescape(value) for name, value in one} for one in found]


@pytest.mark.parametrize("start", ["", "?q=jazz", "?q=status%3Aok%20model%3Agpt-5", "?from=24h"])
def test_every_filter_keeps_its_word(client: TestClient, start: str) -> None:
    """Each value leads to as many logs as it says: alone, added, taken away, and left out."""
    text = page(client, LIST + start)
    found = total(text)
    seen = values(text)
    assert seen
    for value in seen:
        count = int(value["count"])
        assert total(page(client, value["only"])) == count, value
        if value["verb"] == "With":
            with_it = total(page(client, value["href"]))
            facet_active = with_it != count
            assert with_it in (count, found + count), value
            assert not facet_active or with_it > found
    for value in values(page(client, LIST)):
        assert total(page(client, value["exclude"])) == 90 - int(value["count"]), value


def test_a_filter_is_taken_back(client: TestClient) -> None:
    """What was added is marked, and its link takes it away again."""
    for value in values(page(client, f"{LIST}?q=jazz")):
        narrowed = page(client, value["href"])
        (active,) = [one for one in values(narrowed) if one["verb"] == "Without"]
        assert active["label"] == value["label"]
        assert total(page(client, active["href"])) == total(page(client, f"{LIST}?q=jazz"))


@pytest.mark.parametrize("start", [LIST, f"{LIST}?q=jazz&from=7d"])
def test_bars_are_the_logs(client: TestClient, start: str) -> None:
    """Together the bars are what was found, and each leads to its own."""
    text = page(client, start)
    bars = re.findall(r'<a href="([^"]*)" aria-label="[^:]*[^"]*: (\d+) OK, (\d+) fallback, (\d+) errors">', text)
    counts = [sum(int(count) for count in bar[1:]) for bar in bars]
    assert sum(counts) == total(text)
    for bar, count in list(zip(bars, counts, strict=True))[::7]:
        assert total(page(client, html.unescape(bar[0]))) == count


def test_spans_narrow(client: TestClient) -> None:
    """Each usual span has fewer logs than the next longer one, and says that it is chosen."""
    text = page(client, f"{LIST}?q=play")
    spans = re.findall(r'<p class="spans">(.*?)</p>', text)[0]
    hrefs = [html.unescape(href) for href in re.findall(r'href="([^"#]*)"', spans)]
    totals = [total(page(client, href)) for href in hrefs]
    assert totals == sorted(totals)
    assert (totals[0], totals[-1]) == (2, 90)
    for href in hrefs:
        chosen = re.findall(r'href="([^"]*)" aria-current="true">', page(client, href))
        assert html.unescape(chosen[0]) == href


def test_pages_of_a_search_go_on(client: TestClient) -> None:
    """“Keep searching” goes on with the same query and span, without a gap."""
    ids: list[str] = []
    href = f"{LIST}?q=play&from=7d&limit=40"
    while href:
        text = page(client, href)
        ids += re.findall(r'class="cmd" href="/llmlog/logs/([^"]*)"', text)
        older = re.search(r'href="([^"]*cursor[^"]*)">Keep searching', text)
        href = html.unescape(older[1]) if older else ""
    assert ids == [f"entry-{number:06d}" for number in range(90)]


def test_a_query_to_be_mended(client: TestClient) -> None:
    """The fault is marked in the typed text, the box keeps it, and the link runs the mended query."""
    text = page(client, f"{LIST}?q=jazz%20modl%3Agpt-5&from=7d", 422)
    assert "There is no field “modl”." in text
    assert "jazz <mark>modl</mark>:gpt-5" in text
    assert 'value="jazz modl:gpt-5"' in text
    href = html.unescape(re.findall(r'<p><a href="([^"]*)">Search for', text)[0])
    assert total(page(client, href)) == total(page(client, f"{LIST}?q=jazz%20model%3Agpt-5&from=7d"))


def test_hostile_text_stays_text(client: TestClient) -> None:
    """What is typed comes back as text, also where it is marked as faulty."""
    text = page(client, f"{LIST}?q=x%3A%3Cscript%3Ealert(1)%3C%2Fscript%3E", 422)
    assert "<script>" not in text
    text = page(client, f"{LIST}?q=%22%3Cimg%20src%3Dx%3E%22&from=%22%3E%3Cscript%3E", 422)
    assert "<script>" not in text
