"""Which file systems are no good for mapped memory.

On network disks a mapped page may be refused long after it was stored; on those that copy on write, room that
was taken ahead is not the room a store needs. Either way a full disk would be a SIGBUS in the host.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_WRITTEN = {
    *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "lustre", "virtiofs"),
    *("fuse", "fuseblk", "btrfs", "zfs", "bcachefs"),
}
_OCTAL = re.compile(r"\\([0-7]{3})")
_DEEPEST_OVERLAY = 4
"""An overlay may lie on an overlay; a description that goes in circles must end."""


class Mount(NamedTuple):
    """One line of `/proc/self/mountinfo`."""

    point: Path
    kind: str
    options: str


def mounts_in(mountinfo: str) -> list[Mount]:
    """The mounts of a `/proc/self/mountinfo`, in its order: a later one covers an earlier one."""
    mounts = []
    for line in mountinfo.splitlines():
        where, _, what = line.partition(" - ")
        fields, kinds = where.split(" "), what.split(" ")
        if len(fields) > 4 and len(kinds) > 2:
            mounts.append(Mount(Path(_plain(fields[4])), kinds[0], kinds[2]))
    return mounts


def good_for_mapping(path: Path, mounts: list[Mount]) -> bool:
    """Whether files at an absolute path may be mapped: the file system is not known to be no good.

    An overlay is as good as the file system its upper directory lies on, where that can be seen from here.
    """
    for _ in range(_DEEPEST_OVERLAY):
        mount = _mount_of(path, mounts)
        if mount is None:
            return True
        if mount.kind in _WRITTEN or mount.kind.startswith("fuse."):
            return False
        upper = _upper_directory(mount)
        if upper is None:
            return True
        path = upper
    return True


def _mount_of(path: Path, mounts: list[Mount]) -> Mount | None:
    found: Mount | None = None
    for mount in mounts:
        over = mount.point == path or mount.point in path.parents
        if over and (found is None or len(mount.point.parts) >= len(found.point.parts)):
            found = mount
    return found


def _upper_directory(mount: Mount) -> Path | None:
    if mount.kind != "overlay":
        return None
    for option in mount.options.split(","):
        name, _, value = option.partition("=")
        if name == "upperdir":
            return Path(_plain(value))
    return None


def _plain(text: str) -> str:
    return _OCTAL.sub(lambda code: chr(int(code[1], 8)), text)
