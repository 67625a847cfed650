"""The loads under which a contender is timed: a loop, 200 a second, beside a busy thread, 8 threads, an event loop.

Every load gives percentiles of the microseconds that a call takes; the event loop tells how late it was, too.
"""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.contenders import Contender, Turn
from benchmarks.sink import mark

THREADS = 8
TICK_S = 0.001
Figures = dict[str, float]


def marked(turns: Iterator[Turn]) -> Iterator[Turn]:
    """The turns, each with a mark by which the sink knows it."""
    for number, turn in enumerate(turns):
        turn["message"] = mark(number)
        yield turn


def tight(contender: Contender, turns: Iterator[Turn], count: int) -> Figures:
    """One after the other."""
    return _percentiles(_one_by_one(contender, turns, count, 0.0))


def gentle(contender: Contender, turns: Iterator[Turn], count: int) -> Figures:
    """200 a second at most."""
    return _percentiles(_one_by_one(contender, turns, count, 0.005))


def busy(contender: Contender, turns: Iterator[Turn], count: int) -> Figures:
    """200 a second beside a thread that computes."""
    stop = threading.Event()
    thread = threading.Thread(target=_compute, args=(stop,))
    thread.start()
    try:
        return gentle(contender, turns, count)
    finally:
        stop.set()
        thread.join()


def threads(contender: Contender, turns: Iterator[Turn], count: int) -> Figures:
    """Eight threads at once, each in a loop; the durations of all."""
    ready = [[contender.prepare(next(turns)) for _ in range(count // THREADS)] for _ in range(THREADS)]
    took_us: list[list[float]] = [[] for _ in ready]
    together = threading.Barrier(THREADS)

    def work(own: list[Any], into: list[float]) -> None:
        together.wait()
        for entry in own:
            into.append(_timed_us(contender, entry))

    running = [threading.Thread(target=work, args=pair) for pair in zip(ready, took_us, strict=True)]
    settle()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return _percentiles([value for own in took_us for value in own])


def event_loop(contender: Contender, turns: Iterator[Turn], count: int) -> Figures:
    """1,000 a second from a coroutine, and how late a ticker of 1 ms is meanwhile."""
    ready = [contender.prepare(next(turns)) for _ in range(count)]
    settle()
    took_us, late_us = asyncio.run(_on_the_loop(contender, ready))
    return _percentiles(took_us) | {f"late {key}": value for key, value in _percentiles(late_us).items()}


def empty_event_loop(turns: Iterator[Turn], count: int) -> Figures:
    """The same loop with nothing logged, before the contender is there: how late its ticker is."""
    nothing = Contender(lambda turn: turn, lambda entry: None, lambda: None)
    figures = event_loop(nothing, turns, count)
    return {f"empty {key}": value for key, value in figures.items() if key.startswith("late")}


def settle() -> None:
    """Collect what is garbage, and let what lives be."""
    gc.collect()
    gc.freeze()


async def _on_the_loop(contender: Contender, ready: list[Any]) -> tuple[list[float], list[float]]:
    loop = asyncio.get_running_loop()
    late_us: list[float] = []
    ticker = asyncio.create_task(_tick(late_us))
    took_us = []
    due_s = loop.time()
    for entry in ready:
        due_s += TICK_S
        await asyncio.sleep(max(0.0, due_s - loop.time()))
        took_us.append(_timed_us(contender, entry))
    ticker.cancel()
    await asyncio.gather(ticker, return_exceptions=True)
    return took_us, late_us


async def _tick(late_us: list[float]) -> None:
    while True:
        started_ns = time.perf_counter_ns()
        await asyncio.sleep(TICK_S)
        late_us.append((time.perf_counter_ns() - started_ns) / 1000 - TICK_S * 1e6)


def _one_by_one(contender: Contender, turns: Iterator[Turn], count: int, pause_s: float) -> list[float]:
    settle()
    took_us = []
    for _ in range(count):
        ready = contender.prepare(next(turns))
        if pause_s:
            time.sleep(pause_s)
        took_us.append(_timed_us(contender, ready))
    return took_us


def _timed_us(contender: Contender, ready: Any) -> float:
    started_ns = time.perf_counter_ns()
    contender.log(ready)
    return (time.perf_counter_ns() - started_ns) / 1000


def _compute(stop: threading.Event) -> None:
    while not stop.is_set():
        sum(range(500))


def _percentiles(values: list[float]) -> Figures:
    values = sorted(values)
    return {f"p{share}": values[int(len(values) * share / 100)] for share in (50, 95, 99)}
