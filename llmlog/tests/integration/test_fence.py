"""Nothing that a host hands over, and nothing that breaks inside, comes back to it as an exception."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from llmlog import LlmCall, LLMLoggingService, LlmRequest, LlmResponse, LogEntry, Settings
from llmlog.settings import ShipSettings


class Hostile:
    """Raises whatever is done with it."""

    def __getattribute__(self, name: str) -> NoReturn:
        raise RuntimeError("hands off")

    def __str__(self) -> NoReturn:
        raise RuntimeError("no text")

    __repr__ = __bool__ = __len__ = __iter__ = __hash__ = __str__  # type: ignore[assignment]


@pytest.fixture(name="log")
def _log(tmp_path: Path) -> Iterator[LLMLoggingService]:
    with LLMLoggingService.open(Settings(data_dir=tmp_path, ship=ShipSettings(in_process=False))) as service:
        yield service


def counted(log: LLMLoggingService) -> tuple[int, int]:
    """Entries accepted, and entries that could not be made into a record."""
    spool = log.health().spool
    return spool.accepted, spool.dropped.get("capture_error", 0)


GOOD = LlmRequest(model="m")
NO_ENTRIES: list[Callable[[], Any]] = [lambda: None, lambda: "a text", lambda: 7, dict, list, Hostile, object]
STRANGE: list[Callable[[], LogEntry]] = [
    lambda: LogEntry(llm_request=None),  # type: ignore[arg-type]
    lambda: LogEntry(llm_request=Hostile()),  # type: ignore[arg-type]
    lambda: LogEntry(llm_request=LlmRequest(model="m", messages=Hostile())),  # type: ignore[arg-type]
    lambda: LogEntry(llm_request=GOOD, llm_response=Hostile()),  # type: ignore[arg-type]
    lambda: LogEntry(llm_request=GOOD, llm_response=LlmResponse(content=Hostile())),  # type: ignore[arg-type]
    lambda: LogEntry(llm_request=GOOD, user_id=Hostile()),  # type: ignore[arg-type]
    lambda: LogEntry(llm_request=GOOD, tags={"a": Hostile()}),
    lambda: LogEntry(llm_request=GOOD, attempts=Hostile()),  # type: ignore[arg-type]
    lambda: LogEntry(llm_request=GOOD, error=Hostile()),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("nonsense", NO_ENTRIES, ids=range(len(NO_ENTRIES)))
def test_what_is_no_entry(log: LLMLoggingService, nonsense: Callable[[], Any]) -> None:
    """It is counted, and the next entry is logged as ever."""
    log.log_interaction(nonsense())
    assert log.record_call(nonsense()) is None
    assert counted(log) == (0, 2)
    log.log_interaction(LogEntry(llm_request=GOOD))
    assert counted(log) == (1, 2)


@pytest.mark.parametrize("strange", STRANGE, ids=range(len(STRANGE)))
def test_objects_that_raise(log: LLMLoggingService, strange: Callable[[], LogEntry]) -> None:
    """An entry with an object in it that raises is kept without that object, or counted; never both, never lost."""
    log.log_interaction(strange())
    assert sum(counted(log)) == 1


def test_interactions_with_objects_that_raise(log: LLMLoggingService) -> None:
    """The same inside an interaction, whose own outcome may be hostile, too; the host's error passes unchanged."""
    with (
        pytest.raises(KeyError, match="of the host"),
        log.interaction(command=Hostile(), tags={"a": Hostile()}) as turn,  # type: ignore[arg-type]
    ):
        log.record_call(LlmCall(request=GOOD, started_at=1))
        log.record_call(Hostile())  # type: ignore[arg-type]
        turn.interpretation = Hostile()  # type: ignore[assignment]
        turn.result(success=Hostile(), message=Hostile())  # type: ignore[arg-type]
        raise KeyError("of the host")
    assert sum(counted(log)) == 2
