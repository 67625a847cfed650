"""Pseudonyms: keyed, apart by domain, found after a rotation. Ids: UUIDv7, in order."""

from __future__ import annotations

import hmac
import os
import threading
import uuid
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlog import SettingsError
from llmlog.capture.identifiers import Identifiers, id_bytes, valid_id
from llmlog.capture.pseudonyms import CACHE_ENTRIES, PseudonymKeys, Pseudonyms

ONE, TWO = b"1" * 32, b"2" * 32
NOW_MS = 1_790_000_000_000


def made(*keys: bytes) -> Pseudonyms:
    """Pseudonyms with keys of versions 1, 2, …"""
    return Pseudonyms(PseudonymKeys(dict(enumerate(keys, start=1))))


def test_a_pseudonym_is_a_keyed_hash() -> None:
    """`v<version>:` and half an HMAC-SHA-256 over domain and id: anyone with the key can check it."""
    digest = hmac.new(ONE, b"llmlog:user:v1:dana", sha256).hexdigest()
    assert made(ONE).of("user", "dana") == f"v1:{digest[:32]}"


@given(st.text(st.characters()), st.text(st.characters()))
def test_different_people_differ(one: str, other: str) -> None:
    """The same id gives the same pseudonym, another id another, any text (lone surrogates too) one."""
    pseudonyms = made(ONE)
    assert (pseudonyms.of("user", one) == pseudonyms.of("user", other)) == (one == other)
    assert pseudonyms.of("user", one) == made(ONE).of("user", one)


def test_domains_and_keys_are_apart() -> None:
    """The same text as user and as session, and under another key, has nothing in common."""
    found = {made(key).of(domain, "dana")[3:] for key in (ONE, TWO) for domain in ("user", "session")}
    assert len(found) == 4


def test_the_newest_key_writes_and_all_are_looked_up() -> None:
    """After a rotation new logs carry the new key's version; looking a person up gives both, newest first."""
    old, both = made(ONE), made(ONE, TWO)
    assert both.of("user", "dana").startswith("v2:")
    assert both.all_of("user", "dana") == [both.of("user", "dana"), old.of("user", "dana")]
    gap = Pseudonyms(PseudonymKeys({3: ONE, 10: TWO}))
    assert [name.split(":")[0] for name in gap.all_of("user", "dana")] == ["v10", "v3"]


def test_the_cache_is_bounded_and_right() -> None:
    """However many people there are, memory is bounded and answers stay the same."""
    pseudonyms = made(ONE)
    first = pseudonyms.of("user", "0")
    for number in range(2 * CACHE_ENTRIES + 10):
        pseudonyms.of("user", str(number))
    assert len(pseudonyms._cache) <= CACHE_ENTRIES
    assert pseudonyms.of("user", "0") == first


def test_keys_are_made_once_and_private(tmp_path: Path) -> None:
    """The file is made on first use, for its owner only, and read from then on."""
    data_dir = tmp_path / "not" / "yet"
    keys, created = PseudonymKeys.load_or_create(data_dir)
    path = data_dir / "pseudonym.keys"
    assert created
    assert path.stat().st_mode & 0o777 == 0o600
    assert data_dir.stat().st_mode & 0o777 == 0o700
    assert len(keys.by_version[1]) == 32
    again, created = PseudonymKeys.load_or_create(data_dir)
    assert (again.by_version, created) == (keys.by_version, False)
    assert [one.name for one in data_dir.iterdir()] == ["pseudonym.keys"]


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    """Whoever is first makes the keys; everybody has the same, and one alone says that it made them."""
    barrier = threading.Barrier(8)
    found: list[tuple[dict[int, bytes], bool]] = []

    def load() -> None:
        barrier.wait()
        keys, created = PseudonymKeys.load_or_create(tmp_path)
        found.append((keys.by_version, created))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({keys[1] for keys, _ in found}) == 1
    assert [created for _, created in found].count(True) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["pseudonym.keys"]


def test_a_key_is_added_by_a_line(tmp_path: Path) -> None:
    """A second line rotates; a file that cannot be used is named and left as it is."""
    path = tmp_path / "pseudonym.keys"
    path.write_text(f"v1:{ONE.hex()}\nv2:{TWO.hex()}\n")
    keys, _ = PseudonymKeys.load_or_create(tmp_path)
    assert (keys.by_version, keys.newest) == ({1: ONE, 2: TWO}, 2)
    for nonsense in ("", "v1:", "\x00"):
        path.write_text(nonsense)
        with pytest.raises(SettingsError) as caught:
            PseudonymKeys.load_or_create(tmp_path)
        assert caught.value.variable == str(path)
        assert path.read_text() == nonsense


@given(st.lists(st.integers(0, 2**47), min_size=1, max_size=60), st.integers(0, 2**32))
def test_ids_are_version_7_and_in_order(moments: list[int], seed: int) -> None:
    """Each id is a UUIDv7 of its moment; ids sort as they were made, also when the clock is set back."""
    identifiers = Identifiers(seed)
    made_ids = [identifiers.next(now_ms) for now_ms in moments]
    newest = 0
    for now_ms, made_id in zip(moments, made_ids, strict=True):
        parsed = uuid.UUID(made_id)
        newest = max(newest, now_ms)
        assert (parsed.version, parsed.variant, parsed.int >> 80) == (7, uuid.RFC_4122, newest)
        assert valid_id(made_id) == str(parsed)
    assert made_ids == sorted(made_ids)
    assert len(set(made_ids)) == len(made_ids)


def test_many_ids_of_one_millisecond_are_in_order() -> None:
    """Within a millisecond, too, ids are in order and never the same."""
    identifiers = Identifiers()
    made_ids = [identifiers.next(NOW_MS) for _ in range(50_000)]
    assert made_ids == sorted(set(made_ids))


def test_an_order_survives_the_counters_end() -> None:
    """When the counter begins anew, ids still sort after the earlier ones."""
    identifiers = Identifiers(1)
    identifiers._counter = iter(range((1 << 26) - 5, (1 << 26) + 5))  # type: ignore[assignment]
    made_ids = [identifiers.next(NOW_MS) for _ in range(10)]
    assert made_ids == sorted(set(made_ids))


def test_processes_do_not_meet() -> None:
    """Two generators of the same moment share no id; the same seed repeats them."""
    ids = {Identifiers().next(NOW_MS) for _ in range(2_000)}
    assert len(ids) == 2_000
    assert Identifiers(5).next(NOW_MS) == Identifiers(5).next(NOW_MS)


@pytest.mark.parametrize("chosen", ["abc123", "A_b-9" * 12, str(uuid.UUID(int=5))])
def test_ids_one_may_choose(chosen: str) -> None:
    """6 to 64 letters, digits, - and _ can stand in a key and an address."""
    assert valid_id(chosen) == chosen
    assert len(id_bytes(chosen)) == 16


@pytest.mark.parametrize(
    "refused", ["", "short", "x" * 65, "a b c d", "entry-1\n", "ä" * 8, "a/b/c/d", None, 7, b"abcdef"]
)
def test_ids_one_may_not_choose(refused: object) -> None:
    """Everything else is not taken, whatever its type."""
    assert valid_id(refused) is None


@given(st.from_regex(r"[A-Za-z0-9_-]{6,64}", fullmatch=True), st.from_regex(r"[A-Za-z0-9_-]{6,64}", fullmatch=True))
def test_ids_in_frames_are_apart(one: str, other: str) -> None:
    """Different ids have different bytes, but for the same UUID written in another case."""
    same = one == other or one.lower() == other.lower()
    assert same or id_bytes(one) != id_bytes(other)
    assert id_bytes(str(uuid.UUID(bytes=b"x" * 16))) == b"x" * 16


def test_a_directory_that_cannot_be_written_is_an_oserror(tmp_path: Path) -> None:
    """Where the file cannot be made, the caller is told."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=os.strerror(20)):
        PseudonymKeys.load_or_create(tmp_path / "file" / "data")
