"""A newcomer's first minute, in a real browser against the real process."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@contextmanager
def running(tmp_path: Path, **further: str) -> Iterator[str]:
    """DJ Forge as a process of its own, on a free port and a fresh data directory; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ours = ("LLMLOG_", "DJFORGE_", "SPOTIFY_", "OPENROUTER_", "OPENAI_", "ADMIN_", "LOG_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {"LLMLOG_DATA_DIR": str(tmp_path / "data"), "PORT": str(port), **further}
    process = subprocess.Popen(
        [sys.executable, "-m", "djforge.main"], env=environment, cwd=tmp_path, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"DJ Forge is on")
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 0


@pytest.fixture(name="address")
def _address(tmp_path: Path) -> Iterator[str]:
    with running(tmp_path) as address:
        yield address


@pytest.fixture(name="page")
def _page() -> Iterator[Page]:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert program is not None, "Chromium is missing: install the package chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser.new_page(viewport={"width": 1440, "height": 900})
        browser.close()


def test_first_minute(address: str, page: Page) -> None:
    """Sign in, type a command: the simulator's player changes, and within 2 s the log stands on the logs page
    with the model that answered; a second command, its own log and the search find their way too."""
    page.goto(address)
    page.get_by_role("link", name="Sign in with Spotify").click()
    page.get_by_role("button", name="Dana Demo").click()
    page.get_by_label("Ask for music").last.fill("play something like Radiohead but happier")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".turn .reply .tag").first).to_have_text("local/rules-1", timeout=20_000)
    expect(page.locator("#player h2").first).to_have_text("Now playing", timeout=10_000)
    playing = page.locator("#player .track .name").inner_text()
    assert playing in page.locator(".turn .reply .text").last.inner_text()
    time.sleep(2)
    page.goto(f"{address}/llmlog/logs")
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("play something like Radiohead but happier")
    expect(row).to_contain_text("local/rules-1")
    expect(row).to_contain_text(playing)
    if picture := os.environ.get("DJFORGE_PICTURE"):
        page.screenshot(path=picture)
    row.get_by_role("link").click()
    expect(page.locator("h1")).to_contain_text("play something like Radiohead but happier")
    expect(page.locator("main")).to_contain_text("play_specific_song")
    if picture:
        page.screenshot(path=picture.replace("logs", "log"), full_page=True)
    page.goto(f"{address}/llmlog/logs?q=radiohead")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto(f"{address}/llmlog/mine")
    expect(page.locator("tbody tr")).to_have_count(1)


class _OtherModel(BaseHTTPRequestHandler):
    """Refuses the first model asked, and answers for the second as a third."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))["model"]
        wish = {"intent": "play_specific_song", "artist": "Radiohead", "track": "No Surprises", "confidence": 0.9}
        answer = {"id": "x", "model": "gpt-snapshot-7", "choices": [{"message": {"content": json.dumps(wish)}}]}
        body = json.dumps({"error": {"message": "busy"}} if asked == "gpt-first" else answer).encode()
        self.send_response(503 if asked == "gpt-first" else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_the_model_that_answered(tmp_path: Path, page: Page) -> None:
    """A provider that answers with another model than asked: chat, history, log and page show the one that
    answered, and the log shows the whole ladder."""
    with HTTPServer(("127.0.0.1", 0), _OtherModel) as provider:
        threading.Thread(target=provider.serve_forever, daemon=True).start()
        further = {
            "OPENAI_BASE_URL": f"http://127.0.0.1:{provider.server_port}/v1",
            "DJFORGE_DEFAULT_MODEL": "gpt-first",
            "DJFORGE_FALLBACK_MODELS": "gpt-second",
        }
        with running(tmp_path, **further) as address:
            page.goto(address)
            page.get_by_role("link", name="Sign in with Spotify").click()
            page.get_by_role("button", name="Dana Demo").click()
            page.get_by_label("Ask for music").last.fill("something sad by Radiohead")
            page.get_by_role("button", name="Send").click()
            expect(page.locator(".turn .tag").first).to_have_text("gpt-snapshot-7", timeout=20_000)
            history = page.request.get(f"{address}/api/llm/simple/history").json()["history"]
            assert history[-1]["model"] == "gpt-snapshot-7"
            time.sleep(2)
            [entry] = page.request.get(f"{address}/api/llm-logs/recent").json()["logs"]
            assert entry["llmRequest"]["model"] == "gpt-snapshot-7"
            assert entry["llmRequest"]["requestedModel"] == "gpt-first"
            assert entry["llmRequest"]["modelSource"] == "response"
            assert entry["status"] == "fallback"
            first = entry["attempts"][0]
            assert (first["model"], first["outcome"], first["httpStatus"]) == ("gpt-first", "failed", 503)
            assert len(entry["attempts"]) == 2
            page.goto(f"{address}/llmlog/logs/{entry['id']}")
            expect(page.locator("main")).to_contain_text("gpt-snapshot-7")
            expect(page.locator("main")).to_contain_text("Answered by a fallback model")
        provider.shutdown()
