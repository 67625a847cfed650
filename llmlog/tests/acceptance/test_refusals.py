"""Redis answers, and says no: a server that cannot work now costs a delay, data it never takes costs that entry.

| scenario | test |
|---|---|
| out of memory (OOM) | test_server_that_refuses[out of memory] |
| cannot save (MISCONF) | test_server_that_refuses[cannot save] |
| a replica after a failover (READONLY) | test_server_that_refuses[replica] |
| too few replicas (NOREPLICAS) | test_server_that_refuses[too few replicas] |
| the password was changed (NOAUTH) | test_server_that_refuses[password] |
| loading its data (LOADING) | test_server_that_is_loading |
| a poison entry (WRONGTYPE), and no crash loop after a restart | test_poison_entry |
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from conftest import StartLogging
from oracle import assert_exactly_once, visible, wait_until_visible
from processes import RedisServer, free_port, wait_for

PASSWORD = "a-password-of-this-test"


class Fault(NamedTuple):
    """A reason for the server to refuse everything, made and mended at run time."""

    reply: str
    """The first word of its refusals, or the driver's name for them: a pattern."""
    cause: Callable[[Any, RedisServer], None]
    cure: Callable[[Any], None]


def _fill_memory(client: Any, _: RedisServer) -> None:
    client.config_set("maxmemory", "1")


def _break_saving(client: Any, server: RedisServer) -> None:
    (server.directory / "dump.rdb").mkdir()  # the snapshot cannot be renamed onto a directory
    client.config_set("save", "3600 1")
    client.bgsave()
    wait_for(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err", "a failed save")


def _make_replica(client: Any, _: RedisServer) -> None:
    client.replicaof("127.0.0.1", free_port())


def _want_replicas(client: Any, _: RedisServer) -> None:
    client.config_set("min-replicas-to-write", "1")


def _set_password(client: Any, _: RedisServer) -> None:
    client.config_set("requirepass", PASSWORD)
    client.execute_command("AUTH", PASSWORD)
    client.client_kill_filter(_type="normal", skipme=True)


def _forbid_scripts(client: Any, _: RedisServer) -> None:
    client.acl_setuser("default", commands=["-evalsha"])


def _lose_primary(client: Any, server: RedisServer) -> None:
    client.config_set("replica-serve-stale-data", "no")
    _make_replica(client, server)


FAULTS = {
    "out of memory": Fault("OOM", _fill_memory, lambda client: client.config_set("maxmemory", "0")),
    "cannot save": Fault("MISCONF", _break_saving, lambda client: client.config_set("save", "")),
    "replica": Fault("READONLY|ReadOnlyError", _make_replica, lambda client: client.replicaof("NO", "ONE")),
    "too few replicas": Fault(
        "NOREPLICAS", _want_replicas, lambda client: client.config_set("min-replicas-to-write", "0")
    ),
    "no right": Fault(
        "NOPERM", _forbid_scripts, lambda client: client.acl_setuser("default", commands=["+evalsha"])
    ),
    "primary gone": Fault(
        "MASTERDOWN|MasterDownError", _lose_primary, lambda client: client.replicaof("NO", "ONE")
    ),
    "password": Fault(
        "NOAUTH|AuthenticationError|Protocol", _set_password, lambda client: client.config_set("requirepass", "")
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_server_that_refuses(
    redis_server: RedisServer, redis_client: Any, start_logging: StartLogging, name: str
) -> None:
    """A server that refuses all writes counts as away: nothing becomes a dead letter, health names its words, and
    everything arrives when it works again."""
    fault = FAULTS[name]
    logging = start_logging("first", redis_server.port)
    logging.do("log 50 200")
    wait_until_visible(redis_client, logging.accepted)
    fault.cause(redis_client, redis_server)
    logging.do("log 100 100")
    warning = re.compile(rf"logs stay on disk for now: The log store is not answering \(({fault.reply})\b")
    wait_for(lambda: warning.search(logging.stderr), "the warning", 15)
    health = logging.health()
    assert (health.spool.dead_lettered, health.spool.spooled) == (0, 100)
    fault.cure(redis_client)
    assert_exactly_once(redis_client, logging.accepted)
    logging.end()


def test_server_that_is_loading(redis_server: RedisServer, redis_client: Any, start_logging: StartLogging) -> None:
    """A server that is still loading its data counts as away, and what was logged meanwhile arrives after."""
    logging = start_logging("first", redis_server.port)
    logging.do("log 500")
    wait_until_visible(redis_client, logging.accepted)
    redis_client.bgrewriteaof()
    wait_for(lambda: not redis_client.info("persistence")["aof_rewrite_in_progress"], "the rewritten file")
    redis_server.kill()
    redis_server.start(wait=False, key_load_delay="4000", loading_process_events_interval_bytes="1024")
    logging.do("log 100 100")
    assert re.search("LOADING|BusyLoadingError", logging.stderr)
    assert_exactly_once(redis_client, logging.accepted)
    assert logging.health().spool.dead_lettered == 0
    logging.end()


def test_poison_entry(
    tmp_path: Path, redis_server: RedisServer, redis_client: Any, start_logging: StartLogging
) -> None:
    """An entry that Redis will never take becomes a dead letter, whole and with Redis's words; all others arrive,
    also after a kill and a restart."""
    poison = "first-000042"
    redis_client.set(f"llm:log:{poison}", "a string where a hash belongs")
    logging = start_logging("first", redis_server.port)
    logging.do("log 100")
    others = [entry_id for entry_id in logging.accepted if entry_id != poison]
    wait_until_visible(redis_client, others)
    wait_for(lambda: logging.health().spool.dead_lettered == 1, "the dead letter")
    logging.kill()
    successor = start_logging("successor", redis_server.port)
    successor.do("log 100")
    wait_until_visible(redis_client, [*others, *successor.accepted])
    health = successor.health()
    assert (health.spool.dead_lettered, health.spool.stored, health.spool.spooled) == (1, 199, 0)
    seen = visible(redis_client)
    assert sorted(seen.ids) == sorted([*others, *successor.accepted])
    assert seen.counted == 199
    letters = [path.read_bytes() for path in (tmp_path / "data" / "dead-letters").iterdir()]
    letter = msgspec.json.decode(b"".join(letters))
    assert letter["entry"]["id"] == poison
    assert letter["entry"]["command"] == "command 42"
    assert "WRONGTYPE" in letter["reason"]
    successor.end()
