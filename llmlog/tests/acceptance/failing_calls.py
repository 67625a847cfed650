"""Runs a program for which some system calls fail, as on a disk that is broken.

Usage: failing_calls.py CALL[,CALL…] ERRNO PROGRAM [ARGUMENT…]      e.g. failing_calls.py fdatasync EIO python …

A seccomp filter answers the calls with the error; the kernel never sees them. Needs no privilege. Linux only.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

NUMBERS = {
    "x86_64": {"fdatasync": 75, "fsync": 74, "fallocate": 285},
    "aarch64": {"fdatasync": 83, "fsync": 82, "fallocate": 47},
}
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
SECCOMP_MODE_FILTER = 2
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
RETURN_ERRNO, RETURN_ALLOW = 0x00050000, 0x7FFF0000


class Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def have_fail(calls: list[str], error: int) -> None:
    """Make the calls fail for this process and all that it becomes or starts. Raises OSError."""
    numbers = [NUMBERS[platform.machine()][call] for call in calls]
    steps = [(LOAD_WORD, 0, 0, 0)]  # the call's number is the first word of what a filter is shown
    for place, number in enumerate(numbers):
        steps.append((JUMP_IF_EQUAL, len(numbers) - place, 0, number))
    steps += [(RETURN, 0, 0, RETURN_ALLOW), (RETURN, 0, 0, RETURN_ERRNO | error)]
    code = b"".join(struct.pack("<HBBI", *step) for step in steps)
    libc = ctypes.CDLL(None, use_errno=True)
    program = Program(len(steps), code)
    for arguments in (
        (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program)),
    ):
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "the kernel takes no seccomp filter")


if __name__ == "__main__":
    have_fail(sys.argv[1].split(","), getattr(errno, sys.argv[2]))
    os.execv(sys.argv[3], sys.argv[3:])
