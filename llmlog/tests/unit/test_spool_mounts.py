"""Which file systems are mapped and which are written to."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmlog.spool.files.mounts import good_for_mapping, mounts_in

MOUNTINFO = r"""
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
22 21 0:20 / /proc rw - proc proc rw
30 21 0:31 / /srv/nfs rw,relatime shared:9 - nfs4 server:/export rw,vers=4.2
31 30 8:2 / /srv/nfs/local rw - xfs /dev/sdb1 rw
32 21 0:40 / /home/a\040b rw - fuse.sshfs host:/ rw
33 21 0:41 / /pool rw - zfs pool rw
34 21 0:42 / /merged rw - overlay overlay rw,lowerdir=/l,upperdir=/var/upper,workdir=/w
35 21 0:43 / /merged-on-btrfs rw - overlay overlay rw,lowerdir=/l,upperdir=/btr/upper,workdir=/w
36 21 0:44 / /btr rw - btrfs /dev/sdc rw
37 21 0:45 / /hidden rw - overlay overlay rw,lowerdir=/l
38 21 0:46 / /circle rw - overlay overlay rw,upperdir=/circle/upper
39 21 0:47 / /covered rw - cifs //server/share rw
40 21 0:48 / /covered rw - tmpfs none rw
too short
"""


@pytest.mark.parametrize(
    ("path", "mapped"),
    [
        ("/data/spool", True),
        ("/srv/nfs/spool", False),
        ("/srv/nfs", False),
        ("/srv/nfs/local/spool", True),
        ("/srv/nfsx", True),
        ("/home/a b/spool", False),
        ("/pool/spool", False),
        ("/btr/spool", False),
        ("/merged/spool", True),
        ("/merged-on-btrfs/spool", False),
        ("/hidden/spool", True),
        ("/circle/spool", True),
        ("/covered/spool", True),
    ],
)
def test_file_systems(path: str, mapped: bool) -> None:
    """A path is judged by the mount it lies on, the newest of those that cover each other, and an overlay by
    what its upper directory lies on, where that can be known."""
    assert good_for_mapping(Path(path), mounts_in(MOUNTINFO)) == mapped


def test_no_mounts_known() -> None:
    """Where nothing is known, nothing speaks against mapping."""
    assert good_for_mapping(Path("/data"), mounts_in(""))
