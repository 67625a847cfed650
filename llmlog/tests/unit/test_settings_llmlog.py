"""Every variable, and the sentence every bad value gets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from llmlog import Settings, SettingsError
from llmlog.settings import DEFAULT_SPOOL_MAX_BYTES, default_data_dir, parse_keys

KEY = "0123456789abcdef" * 4


def read(**environ: str) -> Settings:
    """The settings of an environment."""
    return Settings.from_environment({"HOME": "/home/dana", **environ})


def test_nothing_set_is_enough() -> None:
    """Every setting has a default that works."""
    settings = read()
    assert settings == read(**dict.fromkeys(VARIABLES, "  ")), "an empty value counts as not set"
    assert settings.store.redis_url is None
    assert (settings.store.retention_days, settings.store.max_bytes) == (90, None)
    assert (settings.spool.fsync, settings.spool.max_bytes, settings.ship.in_process) == ("interval", None, True)
    assert (settings.capture.mask_emails, settings.capture.mask_secrets) == (False, True)
    assert (settings.capture.pseudonym_keys, settings.admin_token, settings.environment) == (None, None, "")


GOOD: list[tuple[str, str, str, Any]] = [
    ("LLMLOG_DATA_DIR", "/srv/logs", "data_dir", Path("/srv/logs")),
    ("LOG_RETENTION_DAYS", "1", "store.retention_days", 1),
    ("LOG_RETENTION_DAYS", " 3650 ", "store.retention_days", 3650),
    ("LLMLOG_REDIS_URL", "redis://:pw@h:6380/3", "store.redis_url", "redis://:pw@h:6380/3"),
    ("LLMLOG_REDIS_URL", "rediss://h", "store.redis_url", "rediss://h"),
    ("LLMLOG_REDIS_URL", "unix:///run/redis.sock?db=2", "store.redis_url", "unix:///run/redis.sock?db=2"),
    ("LLMLOG_REDIS_MAX_BYTES", "32MB", "store.max_bytes", 32 * 1024**2),
    ("LLMLOG_REDIS_MAX_BYTES", "2 GiB", "store.max_bytes", 2 * 1024**3),
    ("LLMLOG_SPOOL_MAX_BYTES", "67108864", "spool.max_bytes", 64 * 1024**2),
    ("LLMLOG_SPOOL_MAX_BYTES", "100000k", "spool.max_bytes", 100_000 * 1024),
    ("LLMLOG_SPOOL_FSYNC", "always", "spool.fsync", "always"),
    ("LLMLOG_SHIPPING", "drain", "ship.in_process", False),
    ("LLMLOG_MASK_EMAILS", "Yes", "capture.mask_emails", True),
    ("LLMLOG_MASK_EMAILS", "0", "capture.mask_emails", False),
    ("LLMLOG_PSEUDONYM_KEYS", f"v1:{KEY}, v12:{KEY[:32]}", "capture.pseudonym_keys",
     {1: bytes.fromhex(KEY), 12: bytes.fromhex(KEY[:32])}),
    ("LLMLOG_ENVIRONMENT", "production", "environment", "production"),
    ("LLMLOG_ADMIN_TOKEN", "sixteen-letters!", "admin_token", "sixteen-letters!"),
]  # fmt: skip
VARIABLES = {name for name, *_ in GOOD}


@pytest.mark.parametrize(("name", "value", "place", "wanted"), GOOD)
def test_good_values(name: str, value: str, place: str, wanted: object) -> None:
    """Each variable arrives in its place, in its unit."""
    found: object = read(**{name: value})
    for part in place.split("."):
        found = getattr(found, part)
    assert found == wanted


BAD = [
    ("LLMLOG_DATA_DIR", "logs", "absolute path"),
    ("LLMLOG_DATA_DIR", "/etc/passwd", "is a file"),
    ("LOG_RETENTION_DAYS", "0", "from 1 to 3650"),
    ("LOG_RETENTION_DAYS", "3651", "from 1 to 3650"),
    ("LOG_RETENTION_DAYS", "-1", "whole number"),
    ("LOG_RETENTION_DAYS", "9" * 5000, "whole number"),
    ("LOG_RETENTION_DAYS", "٣٠", "whole number"),
    ("LOG_RETENTION_DAYS", "1.5", "whole number"),
    ("LLMLOG_REDIS_URL", "localhost:6379", "must begin with redis://"),
    ("LLMLOG_REDIS_URL", "http://h", "must begin with redis://"),
    ("LLMLOG_REDIS_URL", "redis://", "names no host"),
    ("LLMLOG_REDIS_URL", "redis://h:port", "not a URL"),
    ("LLMLOG_REDIS_URL", "redis://h:0", "port 0"),
    ("LLMLOG_REDIS_URL", "redis://h:70000", "not a URL"),
    ("LLMLOG_REDIS_URL", "redis://h/zero", "no database number"),
    ("LLMLOG_REDIS_URL", "redis://h/٣", "no database number"),
    ("LLMLOG_REDIS_URL", "redis://[::1", "not a URL"),
    ("LLMLOG_REDIS_URL", "redis://h?socket_timeout=soon", "cannot be used"),
    ("LLMLOG_REDIS_URL", "unix://", "names no socket"),
    ("LLMLOG_REDIS_MAX_BYTES", "31MB", "at least 32 MB"),
    ("LLMLOG_REDIS_MAX_BYTES", "lots", "size in bytes"),
    ("LLMLOG_SPOOL_MAX_BYTES", "1GB!", "size in bytes"),
    ("LLMLOG_SPOOL_MAX_BYTES", "-1GB", "size in bytes"),
    ("LLMLOG_SPOOL_MAX_BYTES", "63MB", "at least 64 MB"),
    ("LLMLOG_SPOOL_FSYNC", "sometimes", "interval, always or never"),
    ("LLMLOG_SHIPPING", "Thread", "thread or drain"),
    ("LLMLOG_MASK_EMAILS", "maybe", "yes or no"),
    ("LLMLOG_PSEUDONYM_KEYS", KEY, "v<number>:"),
    ("LLMLOG_PSEUDONYM_KEYS", f"v0:{KEY}", "v<number>:"),
    ("LLMLOG_PSEUDONYM_KEYS", "v1:abc", "32 to 128 hex digits"),
    ("LLMLOG_PSEUDONYM_KEYS", f"v1:{KEY}0", "32 to 128 hex digits"),
    ("LLMLOG_PSEUDONYM_KEYS", f"v1:{KEY},", "list of keys"),
    ("LLMLOG_PSEUDONYM_KEYS", f"v1:{KEY},v1:{KEY[::-1]}", "twice"),
    ("LLMLOG_ADMIN_TOKEN", "short", "16 characters"),
]


@pytest.mark.parametrize(("name", "value", "fault"), BAD)
def test_bad_values_get_a_sentence(name: str, value: str, fault: str) -> None:
    """The sentence names the variable, says what is wrong, and its example is good."""
    with pytest.raises(SettingsError) as caught:
        read(**{name: value})
    error = caught.value
    assert str(error) == f"{name} {error.fault} Example: {name}={error.example}"
    assert (error.variable, fault in error.fault) == (name, True), error.fault
    assert error.fault.endswith(".")
    assert len(str(error)) < 400
    read(**{name: error.example})


def test_secrets_are_not_repeated() -> None:
    """A password, a key or a token that cannot be used does not end up in the sentence."""
    for name, value in (
        ("LLMLOG_REDIS_URL", "redis://:hunter2@h/hunter"),
        ("LLMLOG_PSEUDONYM_KEYS", f"v1:{'7' * 31}"),
        ("LLMLOG_ADMIN_TOKEN", "7777777"),
    ):
        with pytest.raises(SettingsError) as caught:
            read(**{name: value})
        assert not re.search("hunter2|7777777", str(caught.value))


def test_body_keys_are_refused() -> None:
    """What this version cannot do is not silently ignored."""
    with pytest.raises(SettingsError, match=r"LLMLOG_BODY_KEYS .* does not encrypt bodies"):
        read(LLMLOG_BODY_KEYS=f"v1:{KEY}")
    assert read(LLMLOG_BODY_KEYS="").data_dir


def test_where_data_lies_by_default() -> None:
    """The user's data directory, by the rules of the system."""
    assert default_data_dir({"XDG_DATA_HOME": "/data", "HOME": "/h"}) == Path("/data/llmlog")
    assert default_data_dir({"HOME": "/h"}) == Path("/h/.local/share/llmlog")


def test_the_spool_takes_a_tenth_of_the_disk_at_most(tmp_path: Path) -> None:
    """Not set, the spool is bounded by 4 GiB and by a tenth of what is free, also where no directory is yet."""
    missing = Settings(data_dir=tmp_path / "not" / "yet")
    assert 0 < missing.spool_limit() <= DEFAULT_SPOOL_MAX_BYTES
    assert read(LLMLOG_SPOOL_MAX_BYTES="64MB").spool_limit() == 64 * 1024**2


def test_a_key_file_is_read_like_the_variable() -> None:
    """The same text in a file names the file in its sentence."""
    assert parse_keys("keys", f"v2:{KEY}") == {2: bytes.fromhex(KEY)}
    with pytest.raises(SettingsError, match=r"^/etc/keys must be a list of keys"):
        parse_keys("/etc/keys", "nonsense")
