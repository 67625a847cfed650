"""The machine's own disk.

`posix_fallocate` makes a full disk an error when a file is made, at a moment of ours, instead of a SIGBUS in the
host when a mapped page is first stored to. Pages are touched before use, because the first store to a fresh page
costs a fault of up to milliseconds; by a read from /dev/zero into the mapping, which gives the interpreter's lock
up once, not once a page. Syncing is `fdatasync`: `mmap.flush` would hold the interpreter's lock.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import shutil
from pathlib import Path

from llmlog.spool.files.door import Look, Mode, OpenFile, ReadPages
from llmlog.spool.files.mounts import good_for_mapping, mounts_in
from llmlog.spool.files.written import WrittenFile, WrittenPages

_MOUNTINFO = Path("/proc/self/mountinfo")
_CANNOT_ALLOCATE = {errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}
_CANNOT_MAP = {errno.ENODEV, errno.EACCES, errno.EINVAL}


class MappedFile:
    """A file whose pages are the kernel's own."""

    mode: Mode = "mapped"

    def __init__(self, fd: int, pages: mmap.mmap) -> None:
        """The descriptor becomes its own."""
        self.pages = pages
        self._fd = fd

    def sync(self) -> None:
        """Bring what was stored to the disk. Raises OSError."""
        os.fdatasync(self._fd)

    def close(self) -> None:
        """Unmap and close; once."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            self.pages.close()
            os.close(fd)


class LocalFiles:
    """`Files` by system calls. Holds nothing, so one serves all."""

    def mode(self, path: Path) -> Mode:
        try:
            mounts = mounts_in(_MOUNTINFO.read_text(errors="surrogateescape"))
        except OSError:  # no Linux, or none of its /proc: nothing is known against mapping
            return "mapped"
        return "mapped" if good_for_mapping(Path(os.path.realpath(path)), mounts) else "written"

    def make_directory(self, path: Path) -> None:
        missing = []
        while not path.is_dir():
            missing.append(path)
            path = path.parent
        self._sync_if_allowed(path.parent)  # whoever made it may have ended before it was synced
        for directory in reversed(missing):
            directory.mkdir(exist_ok=True, mode=0o700)
            self._sync_if_allowed(directory.parent)

    def make_new_directory(self, path: Path) -> None:
        path.mkdir(mode=0o700)

    def lock(self, path: Path) -> int | None:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        except OSError:
            os.close(fd)
            raise
        return fd

    def wait_for_lock(self, path: Path) -> int:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
        except OSError:
            os.close(fd)
            raise
        return fd

    def unlock(self, token: int) -> None:
        os.close(token)

    def rename(self, path: Path, new: Path) -> None:
        path.rename(new)

    def names(self, directory: Path) -> list[str]:
        return sorted(os.listdir(directory))

    def exists(self, path: Path) -> bool:
        return path.exists()

    def look(self, path: Path) -> Look:
        seen = path.stat()
        return Look(seen.st_size, seen.st_mtime_ns // 1_000_000)

    def remove(self, path: Path) -> None:
        path.unlink()

    def remove_directory(self, path: Path) -> None:
        shutil.rmtree(path, ignore_errors=True)

    def sync_directory(self, path: Path) -> None:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def create(self, path: Path, size_bytes: int, *, touch: bool) -> OpenFile:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            made = self._open(fd, path, size_bytes)
            if touch and isinstance(made, MappedFile):
                _touch(made.pages)
        except OSError:
            os.close(fd)
            path.unlink(missing_ok=True)
            raise
        return made

    def open(self, path: Path, size_bytes: int) -> OpenFile:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            return self._open(fd, path, size_bytes)
        except OSError:
            os.close(fd)
            raise

    def pages(self, path: Path) -> ReadPages | None:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        size_bytes = os.fstat(fd).st_size
        if size_bytes == 0:
            os.close(fd)
            return None
        if self.mode(path) == "mapped":
            try:
                mapped = mmap.mmap(fd, size_bytes, access=mmap.ACCESS_READ)
            except OSError as error:
                if error.errno not in _CANNOT_MAP:
                    os.close(fd)
                    raise
            else:
                os.close(fd)
                return mapped
        return WrittenPages(fd, size_bytes)

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def write(self, path: Path, content: bytes) -> None:
        building = path.with_name(f".{path.name}")
        fd = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(fd)
        building.rename(path)
        self.sync_directory(path.parent)

    def _sync_if_allowed(self, directory: Path) -> None:
        with contextlib.suppress(PermissionError):  # not ours: whoever may not read it cannot sync it
            self.sync_directory(directory)

    def _open(self, fd: int, path: Path, size_bytes: int) -> OpenFile:
        """Mapped where that is good, else written. Raises OSError; the descriptor stays the caller's then."""
        if self.mode(path) == "mapped":
            try:
                os.posix_fallocate(fd, 0, size_bytes)
                return MappedFile(fd, mmap.mmap(fd, size_bytes))
            except OSError as error:
                if error.errno not in _CANNOT_ALLOCATE | _CANNOT_MAP:
                    raise
        if os.fstat(fd).st_size < size_bytes:
            os.ftruncate(fd, size_bytes)
        return WrittenFile(fd, size_bytes)


LOCAL_FILES = LocalFiles()


def _touch(mapped: mmap.mmap) -> None:
    """Fault every page in, for writing."""
    zeros = os.open("/dev/zero", os.O_RDONLY | os.O_CLOEXEC)
    try:
        with memoryview(mapped) as view:
            done = 0
            while done < len(view):
                with view[done:] as rest:
                    done += os.readv(zeros, [rest])
    finally:
        os.close(zeros)
