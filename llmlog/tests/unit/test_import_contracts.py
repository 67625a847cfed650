"""The import rules: they hold, and each of them fails when it is broken."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CONTRACTS = ROOT / ".importlinter"

BREACHES = [
    ("host", "llmlog/service.py", "import djforge.settings"),
    ("layers", "llmlog/entry.py", "from llmlog.decoding import Decoder"),
    ("layers", "llmlog/store/keys.py", "from llmlog.query import logs"),
    ("layers", "llmlog/capture/recorder.py", "from llmlog.ship import batch"),
    ("layers", "llmlog/spool/reader.py", "from llmlog.store import keys"),
    ("layers", "llmlog/query/logs.py", "from llmlog.admin import own_view"),
    ("record", "llmlog/entry.py", "from llmlog.settings import Settings"),
    ("spotify", "djforge/spotify/client.py", "from djforge.player import Player"),
    ("words", "djforge/interpreter/interpreter.py", "from djforge.player import Player"),
    ("words", "djforge/llm/orchestrator.py", "from djforge.spotify.client import SpotifyClient"),
]


def contracts() -> dict[str, str]:
    """Each contract's id and name."""
    read = configparser.ConfigParser()
    read.read_string(CONTRACTS.read_text(encoding="utf-8"))
    prefix = "importlinter:contract:"
    return {part.removeprefix(prefix): read[part]["name"] for part in read.sections() if part.startswith(prefix)}


def linted(directory: Path) -> tuple[int, str]:
    """Exit code of lint-imports over a copy of the sources, and what it says."""
    environment = {**os.environ, "PYTHONPATH": str(directory)}
    command = [sys.executable, "-c", "import sys; from importlinter.cli import lint_imports_command as run; run()"]
    run = subprocess.run(
        [*command, "--config", str(directory / ".importlinter"), "--no-cache"],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return run.returncode, run.stdout + run.stderr


@pytest.fixture(name="copy")
def _copy(tmp_path: Path) -> Path:
    """A copy of the sources that can be spoilt."""
    for package in ("llmlog", "djforge"):
        shutil.copytree(
            ROOT / package / "src" / package, tmp_path / package, ignore=shutil.ignore_patterns("*.pyc")
        )
    shutil.copy(CONTRACTS, tmp_path)
    return tmp_path


def test_the_contracts_hold(copy: Path) -> None:
    """The sources keep every contract, and every contract is looked at."""
    code, said = linted(copy)
    assert code == 0, said
    for name in contracts().values():
        assert f"{name} KEPT" in said


def test_each_contract_is_broken_once() -> None:
    """No contract is left out below."""
    assert {contract for contract, _, _ in BREACHES} == set(contracts())


@pytest.mark.parametrize(("contract", "module", "line"), BREACHES)
def test_a_forbidden_import_fails(copy: Path, contract: str, module: str, line: str) -> None:
    """One forbidden import in the sources, and lint-imports fails with that contract's name."""
    path = copy / module
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n{line}\n", encoding="utf-8")
    code, said = linted(copy)
    assert code == 1, said
    assert f"{contracts()[contract]} BROKEN" in said
