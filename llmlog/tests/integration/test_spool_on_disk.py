"""The scenarios of a spool on a real disk, mapped and written, and what only a real disk can show."""

from __future__ import annotations

import errno
import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from llmlog.spool.files import LocalFiles, Mode, OpenFile

sys.path.append(str(Path(__file__).parents[1] / "unit"))

from spool_bench import Bench, deliver, ids
from spool_scenarios import SCENARIOS

from llmlog.spool import DropReason, SpoolDirectory
from llmlog.spool.directory import directories

PAGE_BYTES = 4096


class FailingFile:
    """A real file whose sync fails when it is told to."""

    def __init__(self, file: OpenFile, disk: FailingDisk) -> None:
        self.pages, self.mode, self.close = file.pages, file.mode, file.close
        self._file = file
        self._disk = disk

    def sync(self) -> None:
        if self._disk.failing_syncs:
            self._disk.failing_syncs -= 1
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self._file.sync()


class FailingDisk(LocalFiles):
    """The real disk, which refuses room and syncs when it is told to."""

    def __init__(self, mode: Mode) -> None:
        self.failing_syncs = 0
        self._mode = mode
        self._full = False

    def mode(self, path: Path) -> Mode:
        return self._mode

    def fill(self) -> None:
        self._full = True

    def make_room(self) -> None:
        self._full = False

    def fail_syncs(self, count: int) -> None:
        self.failing_syncs = count

    def change(self, path: Path, place: int, content: bytes) -> None:
        with path.open("r+b") as file:
            file.seek(place)
            file.write(content)

    def create(self, path: Path, size_bytes: int, *, touch: bool) -> OpenFile:
        return FailingFile(self._with_room(super().create, path, size_bytes, touch=touch), self)

    def open(self, path: Path, size_bytes: int) -> OpenFile:
        return self._with_room(super().open, path, size_bytes)

    def _with_room(self, opened: Callable[..., OpenFile], *args: object, **more: object) -> OpenFile:
        if self._full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return opened(*args, **more)


@pytest.fixture(name="disk", params=["mapped", "written"])
def _disk(request: pytest.FixtureRequest) -> FailingDisk:
    return FailingDisk(request.param)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_scenario_on_disk(tmp_path: Path, disk: FailingDisk, scenario: Callable[[Bench], None]) -> None:
    """Each scenario holds on a real disk too; its own docstring says what it promises."""
    before = len(os.listdir("/proc/self/fd"))
    scenario(Bench(tmp_path, lambda: disk, disk))
    assert len(os.listdir("/proc/self/fd")) == before, "a descriptor was left open"


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    """Nothing can be written beyond a place in a file: the write before is cut short, the next one fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_short_writes(tmp_path: Path) -> None:
    """A frame that is written half before the disk refuses leaves nothing visible: it is refused and counted,
    and what comes before and after is delivered."""
    disk = FailingDisk("written")
    bench = Bench(tmp_path, lambda: disk, disk)
    writer = bench.writer()
    written = [bench.log(writer)]
    with largest_file(2 * PAGE_BYTES):
        assert bench.refused(writer, 20_000) == DropReason.SPOOL_UNAVAILABLE
        written.append(bench.log(writer))
    written.append(bench.log(writer, size=20_000))
    reader = bench.own_reader(writer)
    assert ids(deliver(reader)) == written
    assert writer.dropped() == {"spool_unavailable": 1}
    reader.close()
    bench.die(writer)


@pytest.mark.parametrize("mode", ["mapped", "written"])
def test_pages_are_a_file(tmp_path: Path, mode: Mode) -> None:
    """What is stored is in the file at once, seen by whoever reads it, and found again; mapped or written."""
    disk = FailingDisk(mode)
    path = tmp_path / "file"
    made = LocalFiles.create(disk, path, 200_000, touch=True)
    assert disk.pages(tmp_path / "missing") is None
    reading = disk.pages(path)
    assert reading is not None
    made.pages[131_070:131_075] = b"LLAMA"
    assert (made.mode, len(reading), reading[131_071], reading[131_070:131_075]) == (mode, 200_000, 76, b"LLAMA")
    assert [reading.find(b"LLA", start) for start in (0, 131_070, 131_071)] == [131_070, 131_070, -1]
    assert path.read_bytes() == made.pages[0:200_000] == bytes(131_070) + b"LLAMA" + bytes(68_925)
    with pytest.raises(FileExistsError):
        LocalFiles.create(disk, path, 10, touch=False)
    made.sync()
    reading.close()
    made.close()
    made.close()
    path.write_bytes(b"")
    assert disk.pages(path) is None


def test_writer_tells_its_mode(tmp_path: Path) -> None:
    """A writer says how its frames reach the disk, before and after its first segment is there."""
    writer = Bench(tmp_path, lambda: FailingDisk("written"), FailingDisk("written")).writer()
    assert writer.mode == "written"
    writer.prepare()
    assert writer.mode == "written"
    writer.close()
    assert writer.directory is not None
    writer.directory.release()


class LookedAtWhileMade(LocalFiles):
    """The real disk, with an attending process that looks just before a new directory gets its name."""

    def __init__(self) -> None:
        self.seen: list[Path] = []

    def rename(self, path: Path, new: Path) -> None:
        self.seen += directories(path.parent)
        super().rename(path, new)


def test_half_made_directory_is_nobodys(tmp_path: Path) -> None:
    """Whoever attends to spools of the living does not take one under the name it has while it is made."""
    files = LookedAtWhileMade()
    made = SpoolDirectory.create(tmp_path, "new", ships=False, files=files)
    assert files.seen == []
    assert directories(tmp_path) == [tmp_path / "new"]
    made.release()
