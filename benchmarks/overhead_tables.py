"""The tables of `caller_overhead`: each figure with its multiple of the floor's in the same run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Figures = dict[str, float]
Found = dict[tuple[str, str, str], Figures]
FLOOR = "(floor)"
PERCENTILES = ("p50", "p95", "p99")


def tables(found: Found, names: Sequence[str]) -> str:
    """By load, by size and on an event loop, in Markdown. found: by kind of turn, load and contender."""
    return "\n\n".join([_by_load(found, names), _by_size(found, names), _on_the_loop(found, names)])


def _by_load(found: Found, names: Sequence[str]) -> str:
    modes = ("tight", "200/s", "busy", "8 threads")
    lines = [
        "*busy*: 200/s beside a CPU-bound thread. *8 threads*: all of them in a loop at once. *arrived*: how many "
        "of the turns logged in a loop a peer's sink had once the peer was closed.",
        "",
        *_head("turn", "contender", *modes, "arrived"),
    ]
    for kind in ("ordinary", "new"):
        for name in names:
            cells = [_cell(found, (kind, mode, name), PERCENTILES) for mode in modes]
            lines.append(_row(kind, name, *cells, _arrived(found.get((kind, "tight", name)))))
    return "\n".join(lines)


def _by_size(found: Found, names: Sequence[str]) -> str:
    sizes = {"2 KB": "2 KB", "10 KB": "ordinary", "100 KB": "100 KB"}
    lines = ["By size, ordinary turns in a loop:", "", *_head("contender", *sizes)]
    for name in names:
        lines.append(_row(name, *(_cell(found, (kind, "tight", name), PERCENTILES) for kind in sizes.values())))
    return "\n".join(lines)


def _on_the_loop(found: Found, names: Sequence[str]) -> str:
    lines = [
        "asyncio, 1,000 ordinary turns a second. *late*: by how much a ticker of 1 ms on the same loop is late; in "
        "brackets as a multiple of the same process's loop with nothing logged.",
        "",
        *_head("contender", "call", "late p50 / p99", "nothing logged"),
    ]
    for name in names:
        key = ("ordinary", "asyncio", name)
        late = _cell(found, key, ("late p50", "late p99"), lambda own, part: own[f"empty {part}"])
        empty = _values(found.get(key), ("empty late p50", "empty late p99"))
        lines.append(_row(name, _cell(found, key, PERCENTILES), late, empty))
    return "\n".join(lines)


def _cell(
    found: Found,
    key: tuple[str, str, str],
    parts: Sequence[str],
    against: Callable[[Figures, str], float] | None = None,
) -> str:
    own = found.get(key)
    if own is None:
        return "—"
    floor = found[(key[0], key[1], FLOOR)]
    ratios = [own[part] / (against(own, part) if against else floor[part]) for part in parts]
    return f"{_values(own, parts)} (×{' / '.join(_short(ratio) for ratio in ratios)})"


def _values(own: Figures | None, parts: Sequence[str]) -> str:
    return "—" if own is None else " / ".join(_short(own[part]) for part in parts)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 9.95 else f"{value:.1f}"


def _arrived(own: Figures | None) -> str:
    return f"{own['arrived'] / own['logged']:.0%}" if own and "arrived" in own else ""


def _head(*cells: str) -> list[str]:
    return [_row(*cells), "|" + "---|" * len(cells)]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
