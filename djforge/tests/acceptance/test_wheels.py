"""What is installed from the wheels is whole: every file is in them, and DJ Forge starts from them."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("llmlog", "djforge")
DATA = {
    "llmlog": {".html", ".css", ".lua", ".typed"},
    "djforge": {".html", ".css", ".js", ".svg", ".txt", ".json", ".typed"},
}
BUILD = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"


@pytest.fixture(name="wheels", scope="module")
def _wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A wheel of each package, built from the sources as they are."""
    target = tmp_path_factory.mktemp("wheels")
    built = {}
    for package in PACKAGES:
        command = [sys.executable, "-c", BUILD, str(target)]
        run = subprocess.run(command, cwd=ROOT / package, capture_output=True, text=True, timeout=100, check=False)
        assert run.returncode == 0, run.stderr
        built[package] = target / run.stdout.split()[-1]
    return built


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_is_in_the_wheel(wheels: dict[str, Path], package: str) -> None:
    """Templates, static files, scripts of Redis, prompts and tables are in the wheel; tests are not."""
    source = ROOT / package / "src"
    ours = {
        path.relative_to(source).as_posix()
        for path in (source / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheels[package]) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
        assert all(wheel.read(name) == (source / name).read_bytes() for name in packed)
        [metadata] = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
        assert re.search(rf"^{package} = {package}\.", wheel.read(metadata).decode(), re.MULTILINE)
    assert packed == ours
    assert {Path(name).suffix for name in packed} == DATA[package] | {".py"}


def test_djforge_starts_from_the_wheels(wheels: dict[str, Path], tmp_path: Path) -> None:
    """Unpacked anywhere, the wheels serve pages, static files and logs, and nothing is read from the sources."""
    for wheel in wheels.values():
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(tmp_path / "site")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ours = ("LLMLOG_", "DJFORGE_", "SPOTIFY_", "OPENROUTER_", "OPENAI_", "ADMIN_", "LOG_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {
        "PYTHONPATH": str(tmp_path / "site"),
        "LLMLOG_DATA_DIR": str(tmp_path / "data"),
        "PORT": str(port),
    }
    where = subprocess.run(
        [sys.executable, "-c", "import djforge, llmlog; print(djforge.__file__, llmlog.__file__)"],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert all(path.startswith(str(tmp_path / "site")) for path in where.stdout.split())
    process = subprocess.Popen(
        [sys.executable, "-m", "djforge.main"], env=environment, cwd=tmp_path, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"DJ Forge is on")
        page = fetched(f"http://127.0.0.1:{port}/")
        assert "Sign in with Spotify" in page
        [style] = re.findall(r'rel="stylesheet" href="([^"]+)"', page)
        assert "--canvas" in fetched(f"http://127.0.0.1:{port}{style}")
        assert ":root" in fetched(f"http://127.0.0.1:{port}/llmlog/static/llmlog.css")
        assert '"redis":true' in fetched(f"http://127.0.0.1:{port}/api/health")
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 0


def fetched(url: str) -> str:
    """A page over HTTP, by no proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=20) as answer:
        text: str = answer.read().decode()
    return text
