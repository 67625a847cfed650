"""The session key in the data directory: made once, private, and a damaged one is said in words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from djforge.listener.sealing import FILE_NAME, KeyUnusable, load_or_create_key


def test_the_key_is_made_once(tmp_path: Path) -> None:
    """The first start makes a key that only its owner reads; the next ones use it."""
    key, created = load_or_create_key(tmp_path / "data", os.urandom)
    assert (len(key), created) == (32, True)
    assert (tmp_path / "data" / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert load_or_create_key(tmp_path / "data", os.urandom) == (key, False)
    assert [path.name for path in (tmp_path / "data").iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("content", [b"", b"zz" * 32, b"ab" * 31, b"ab" * 33, b"\xff\xfe"])
def test_a_damaged_key_is_said_in_words(tmp_path: Path, content: bytes) -> None:
    """A file that holds no key stops the start with a sentence that names the file and what to do."""
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(KeyUnusable, match=r"djforge-session\.key holds no key .* Delete it"):
        load_or_create_key(tmp_path, os.urandom)
