"""A newcomer's first minute, in a real browser against the real process."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(name="address")
def _address(tmp_path: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ours = ("LLMLOG_", "DJFORGE_", "SPOTIFY_", "OPENROUTER_", "OPENAI_", "ADMIN_", "LOG_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {"LLMLOG_DATA_DIR": str(tmp_path / "data"), "PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "djforge.main"], env=environment, cwd=tmp_path, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"DJ Forge is on")
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 0


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
