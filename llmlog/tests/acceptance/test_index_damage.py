"""Files of the index that a disk or a hand has damaged: no answer is wrong because of it, no process ends."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from index_reading import LOGS

from llmlog import LlmRequest, LlmResponse, LogEntry
from llmlog.query.index.copy import IndexCopy
from llmlog.query.index.place import Checkpoint, IndexPlace
from llmlog.query.index.soundness import sound

SCRIPT = Path(__file__).with_name("index_reading.py")
DAMAGES = [pytest.param(seed, marks=[pytest.mark.long] if seed >= 12 else []) for seed in range(150)]


def log(number: int) -> LogEntry:
    """A log that every figure of `index_reading.py` counts."""
    return LogEntry(
        id=f"entry-{number:06d}",
        timestamp=1_790_000_000_000 + number,
        command=f"w{number % 100}",
        llm_request=LlmRequest(model=f"m{number % 7}"),
        llm_response=LlmResponse(latency=float(number)),
    )


@pytest.fixture(name="whole", scope="module")
def _whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An index of three segments, one of which has had a log removed."""
    data_dir: Path = tmp_path_factory.mktemp("whole")
    place = IndexPlace(data_dir)
    lock = place.lock()
    assert lock is not None
    copy = IndexCopy(place)
    for start in (0, 200, 400):
        copy.add([log(number) for number in range(start, start + 200)], may_be_there=False)
        copy.commit(Checkpoint(whole=True))
    copy.add([log(LOGS)], may_be_there=False)
    copy.commit(Checkpoint(whole=True))
    copy.remove(f"entry-{LOGS:06d}")
    copy.commit(Checkpoint(whole=True))
    copy.close()
    os.close(lock)
    yield data_dir


def damaged(whole: Path, data_dir: Path, chance: random.Random) -> Path:
    """A copy in which one file has bits turned or lacks its end; the file."""
    shutil.copytree(whole / "index", data_dir / "index")
    files = sorted(path for path in (data_dir / "index").rglob("*") if path.is_file() and path.stat().st_size)
    file = chance.choice([path for path in files if path.name not in ("meta.json", "checkpoint", ".managed.json")])
    content = bytearray(file.read_bytes())
    if chance.random() < 0.7:
        for _ in range(chance.randint(1, 3)):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    else:
        del content[chance.randrange(len(content)) :]
    file.write_bytes(content)
    return file


def told_by_a_reader(data_dir: Path) -> str:
    """What a process of its own makes of the index; it must end well."""
    told = subprocess.run([sys.executable, str(SCRIPT), str(data_dir)], capture_output=True, text=True, check=True)
    return told.stdout.strip()


@pytest.mark.parametrize("seed", DAMAGES)
def test_a_damaged_file(whole: Path, tmp_path: Path, seed: int) -> None:
    """A reader notices and removes the index, so that it is built again; a keeper begins with an empty one."""
    file = damaged(whole, tmp_path, random.Random(seed))
    if sound(file.parent):  # a bit of the version of the library that wrote it
        assert told_by_a_reader(tmp_path) in ("right", "not used")
        return
    shutil.copytree(tmp_path, tmp_path / "kept")
    assert told_by_a_reader(tmp_path) == "not used", file.name
    assert not file.exists()
    copy = IndexCopy(IndexPlace(tmp_path / "kept"))
    assert copy.count() == 0
    assert not IndexPlace(tmp_path / "kept").checkpoint().whole
    copy.close()


@pytest.mark.parametrize("name", ["meta.json", ".managed.json"])
@pytest.mark.parametrize("content", [b"", b"\x00" * 400, b'{"segments":[{"segment_id":"gone"}]}', None])
def test_a_damaged_list_of_files(whole: Path, tmp_path: Path, name: str, content: bytes | None) -> None:
    """Where one of the index's own lists of files is nonsense or a piece of it, nobody uses the index."""
    shutil.copytree(whole / "index", tmp_path / "index")
    listed = IndexPlace(tmp_path).path / name
    listed.write_bytes(listed.read_bytes()[:-40] if content is None else content)
    assert told_by_a_reader(tmp_path) == "not used"
    copy = IndexCopy(IndexPlace(tmp_path))
    assert copy.count() == 0
    copy.close()


def test_an_index_without_damage(whole: Path) -> None:
    """The same look finds everything in an index that is as it was written."""
    assert sound(IndexPlace(whole).path)
    assert told_by_a_reader(whole) == "right"
