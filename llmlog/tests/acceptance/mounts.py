"""File systems of a test's own: mounted in the mount namespace of one process, gone when it ends."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest


def mounted(point: Path, *mount: str) -> list[str]:
    """The words before a program that is to see `mount <words> <point>`; nobody else sees it.

    Skips the test where mount namespaces cannot be had.
    """
    point.mkdir(exist_ok=True)
    script = 'point="$1" && shift && mount "$@" "$point"'
    words = [*_unshare(), "sh", "-c", script, "sh", str(point), *mount]
    tried = subprocess.run(words, capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"this test mounts a file system of its own, which needs root: {tried.stderr.strip()}")
    script = 'point="$1" && shift && count="$1" && shift && ' + (
        'options="" && while [ "$count" -gt 0 ]; do options="$options $1"; shift; count=$((count - 1)); done && '
        'mount $options "$point" && exec "$@"'
    )
    return [*_unshare(), "sh", "-c", script, "sh", str(point), str(len(mount)), *mount]


def inside(pid: int, path: Path) -> Path:
    """A path as the process sees it."""
    return Path(f"/proc/{pid}/root{path}")


def remount(pid: int, point: Path, options: str) -> None:
    """Mount again, within the namespace of a process, with other options."""
    user = [] if os.getuid() == 0 else ["--user", "--preserve-credentials"]
    words = ["nsenter", "--target", str(pid), "--mount", *user, "mount", "-o", f"remount,{options}", str(point)]
    subprocess.run(words, check=True)


def fill(path: Path) -> None:
    """Write to a file until its file system has no room left."""
    piece = bytes(1024 * 1024)
    with path.open("wb", buffering=0) as file:
        while piece:
            try:
                file.write(piece)
            except OSError:
                piece = piece[: len(piece) // 2]


def _unshare() -> list[str]:
    user = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *user, "--mount"]
