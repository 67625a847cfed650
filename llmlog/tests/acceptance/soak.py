"""A soak: four hosts under mixed load, one Redis behind a bad network, random faults from a seed, and an oracle.

    make soak MINUTES=30 SEED=1

prints what happened and the ledger at the end; ends with 1 when anything was lost, doubled or miscounted.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from oracle import assert_exactly_once, visible, wait_until_visible
from processes import RedisServer, wait_for
from tcp_proxy import TcpProxy

from llmlog import LLMLoggingService, Settings
from llmlog.health import SpoolHealth
from llmlog.settings import StoreSettings

HOSTS = 4
IN_FLIGHT_AT_A_KILL = 3
"""Two threads and the event loop: calls whose return a kill may catch before it was noted."""
SCRIPT = Path(__file__).with_name("soak_host.py")


class Report(NamedTuple):
    """What a soak came to."""

    accepted: int
    unnoted: int
    """Calls a kill caught between their acceptance and the host's note of it; visible all the same."""
    faults: Counter[str]
    p50_us: int
    p99_us: int
    ledger: SpoolHealth
    drained_s: float


class Soak:
    """One run. A context manager: it ends whatever still runs."""

    def __init__(self, directory: Path, seed: int) -> None:
        self._directory = directory
        self._random = random.Random(seed)
        self._redis = RedisServer(directory / "redis-server")
        self._hosts: list[subprocess.Popen[bytes]] = []
        self._started = 0
        self._faults: Counter[str] = Counter()

    def run(self, seconds: float) -> Report:
        """Load and faults for so long, then peace, then the oracle. Raises AssertionError."""
        self._redis.start()
        with TcpProxy(self._redis.port) as self._proxy:
            try:
                self._hosts = [self._host() for _ in range(HOSTS)]
                until_s = time.monotonic() + seconds
                while time.monotonic() < until_s:
                    time.sleep(self._random.uniform(0.5, 3))
                    self._fault()
                for host in self._hosts:
                    host.terminate()
                codes = [host.wait(30) for host in self._hosts]
                assert codes == [0] * HOSTS, f"hosts ended with {codes}"
                return self._settle()
            finally:
                for host in self._hosts:
                    host.kill()
                    host.wait()
                self._redis.kill()

    def _host(self) -> subprocess.Popen[bytes]:
        name = f"host-{self._started:04d}"
        self._started += 1
        environment = {
            **os.environ,
            "LLMLOG_DATA_DIR": str(self._directory / "data"),
            "LLMLOG_REDIS_URL": f"redis://127.0.0.1:{self._proxy.port}/0",
            "LLMLOG_SPOOL_MAX_BYTES": "4GB",
        }
        with (self._directory / "stderr").open("ab") as stderr:
            journal = self._directory / f"{name}.journal"
            host = subprocess.Popen(
                [sys.executable, str(SCRIPT), name, str(journal)], env=environment, stderr=stderr
            )
        wait_for(journal.exists, "a host that can be ended")
        return host

    # -- faults -------------------------------------------------------------------------------------

    def _fault(self) -> None:
        faults: list[Callable[[], None]] = [
            self._kill_a_host, self._kill_a_host, self._end_a_host, self._kill_redis, self._stop_redis,
            self._slow_network, self._silent_network, self._lost_replies, self._cut_reply, self._resets,
        ]  # fmt: skip
        fault = self._random.choice(faults)
        self._faults[fault.__name__.strip("_")] += 1
        fault()

    def _kill_a_host(self) -> None:
        which = self._random.randrange(HOSTS)
        self._hosts[which].kill()
        self._hosts[which].wait()
        self._hosts[which] = self._host()

    def _end_a_host(self) -> None:
        which = self._random.randrange(HOSTS)
        self._hosts[which].terminate()
        assert self._hosts[which].wait(30) == 0
        self._hosts[which] = self._host()

    def _kill_redis(self) -> None:
        self._redis.kill()
        self._pause()
        self._redis.start()

    def _stop_redis(self) -> None:
        self._redis.signal(signal.SIGSTOP)
        self._pause()
        self._redis.signal(signal.SIGCONT)

    def _slow_network(self) -> None:
        self._proxy.delay_s = 0.4
        self._pause()
        self._proxy.delay_s = 0.0

    def _silent_network(self) -> None:
        self._proxy.silent = True
        self._pause()
        self._proxy.silent = False

    def _lost_replies(self) -> None:
        self._proxy.swallows_replies = True
        self._pause()
        self._proxy.swallows_replies = False

    def _cut_reply(self) -> None:
        self._proxy.reply_bytes_left = self._random.randrange(1, 400)
        self._pause()
        self._proxy.reply_bytes_left = None

    def _resets(self) -> None:
        self._proxy.resets_left = self._random.randrange(1, 10)
        self._pause()
        self._proxy.resets_left = 0

    def _pause(self) -> None:
        time.sleep(self._random.uniform(0.2, 4))

    # -- the end ------------------------------------------------------------------------------------

    def _settle(self) -> Report:
        stderr = (self._directory / "stderr").read_text()
        assert "Traceback" not in stderr, stderr
        accepted, durations_us = self._journals()
        started_s = time.monotonic()
        settings = Settings(
            data_dir=self._directory / "data",
            store=StoreSettings(redis_url=f"redis://127.0.0.1:{self._redis.port}/0"),
        )
        with LLMLoggingService.open(settings) as service, self._redis.client() as client:
            dropped = service.health().spool.dropped
            assert not dropped, f"{dropped}: the disk is too small for this soak"
            wait_until_visible(client, accepted, at_most_s=300)
            while service.health().spool.spooled:
                assert time.monotonic() - started_s < 300, service.health()
                time.sleep(0.1)
            drained_s = time.monotonic() - started_s
            unnoted = set(visible(client).ids) - set(accepted)
            kills = self._faults["kill_a_host"]
            assert len(unnoted) <= kills * IN_FLIGHT_AT_A_KILL, f"never accepted: {sorted(unnoted)[:5]}"
            seen = assert_exactly_once(client, accepted, maybe=unnoted)
            ledger = service.health().spool
        assert ledger.accepted == ledger.stored == len(seen.ids), ledger
        assert not ledger.dropped, ledger
        durations_us.sort()
        middle, late = durations_us[len(durations_us) // 2], durations_us[len(durations_us) * 99 // 100]
        return Report(len(accepted), len(unnoted), self._faults, middle, late, ledger, drained_s)

    def _journals(self) -> tuple[list[str], list[int]]:
        rows: list[list[str]] = []
        for journal in self._directory.glob("*.journal"):
            whole, _, _ = journal.read_text().rpartition("\n")  # a line cut by a kill is none
            rows += [line.split() for line in whole.splitlines()]
        return [row[1] for row in rows], [int(row[2]) for row in rows]


def main() -> None:
    """Run one soak and print its report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        report = Soak(Path(directory), asked.seed).run(asked.minutes * 60)
    ledger = report.ledger
    print(f"{asked.minutes:g} minutes, seed {asked.seed}: nothing lost, nothing twice, statistics equal")
    print("faults: " + ", ".join(f"{count} {name}" for name, count in sorted(report.faults.items())))
    print(f"accepted {report.accepted:,} (and {report.unnoted} that a kill caught on their way back)")
    print(
        f"ledger: {ledger.accepted:,} accepted = {ledger.stored:,} stored + {ledger.spooled} on disk + "
        f"{ledger.dead_lettered} dead letters + {ledger.expired} expired; dropped: {ledger.dropped or 'none'}"
    )
    print(f"caller: p50 {report.p50_us} us, p99 {report.p99_us} us; drained {report.drained_s:.1f} s after the end")


if __name__ == "__main__":
    main()
