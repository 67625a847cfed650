"""Sentences about the volume: to a level, by some points, a bit louder, silence."""

from __future__ import annotations

import re

from djforge.llm.rules.replies import Reply, simple, talk
from djforge.llm.rules.words import any_of, number

STEP, SMALL_STEP, LARGE_STEP = 10, 5, 25

_SLIGHTLY = ("a bit", "a little", "a little bit", "slightly", "a touch", "a tad", "just a bit")
_STRONGLY = ("much", "a lot", "way", "way way", "far", "lots", "really", "a good deal")
_HOW = any_of((*_SLIGHTLY, *_STRONGLY))
_OUTPUT = r"(?:it|this|that|(?:the |my )?(?:volume|sound|music|song|level|speakers?|spotify))"
_N = r"(?P<n>[+-]?[0-9]{1,4}|[a-z]+(?: [a-z]+)?)"
_PERCENT = r" ?(?:%|percent|per cent|pct)?"
_TO = (
    rf"(?:(?:set|turn|put|change|make|get|bring) )?(?:{_OUTPUT} )?(?:up |down )?(?:to|at|on) {_N}{_PERCENT}"
    r"(?: volume)?",
    rf"(?:set |turn |make )?(?:the )?(?:volume|sound|vol)(?: level)?(?: to| at| =|:)? ?{_N}{_PERCENT}",
    rf"{_N}{_PERCENT} volume",
    r"(?P<n>[0-9]{1,3}) ?(?:%|percent)",
)
_UP = (
    rf"(?:(?:turn|crank|pump|bring|put) (?:{_OUTPUT} )?up|turn up {_OUTPUT}|louder|volume up"
    rf"|(?:raise|increase) {_OUTPUT}|make {_OUTPUT} louder|pump up the volume"
    r"|højere|skru op|lauter|plus fort|más alto|più forte|mais alto|högre)"
)
_DOWN = (
    rf"(?:(?:turn|bring|put|tone) (?:{_OUTPUT} )?down|turn down {_OUTPUT}|quieter|softer|volume down"
    rf"|(?:lower|decrease|reduce) {_OUTPUT}|make {_OUTPUT} (?:quieter|softer)"
    r"|lavere|skru ned|leiser|moins fort|más bajo|più piano|mais baixo|lägre)"
)
_AFTER = rf"(?: (?P<after>{_HOW})| by (?P<by>[a-z0-9]+){_PERCENT})?"
_WAYS = (
    (1, re.compile(rf"(?:(?P<before>{_HOW}) )?{_UP}{_AFTER}")),
    (-1, re.compile(rf"(?:(?P<before>{_HOW}) )?{_DOWN}{_AFTER}")),
    (1, re.compile(rf"(?:make|turn) {_OUTPUT} (?:up )?(?P<before>{_HOW}) (?P<after>louder)(?P<by>)")),
    (-1, re.compile(rf"(?:make|turn) {_OUTPUT} (?P<before>{_HOW}) (?P<after>quieter|softer)(?P<by>)")),
)
_ASIDES = (
    (1, r"(?:it's |that's |this is )?(?:too|so) (?:quiet|soft|silent)|not loud enough"),
    (1, r"i can(?:'t|not) hear (?:it|anything|a thing)"),
    (-1, r"(?:it's |that's |this is )?(?:too|so|way too) loud|my ears(?: hurt)?|not so loud"),
)
_LEVELS = (
    (rf"(?:mute|silence)(?: {_OUTPUT}| everything)?", 0, "Silence."),
    (rf"unmute(?: {_OUTPUT})?", 50, "Sound on again; the level before is not known, so half."),
    (r"(?:max|full|maximum|highest)(?: volume| blast)?", 100, "As loud as it goes."),
    (
        rf"(?:turn|crank|put|set) {_OUTPUT} (?:up )?"
        r"(?:all the way(?: up)?|to (?:the )?max(?:imum)?|to (?:eleven|11))",
        100,
        "As loud as it goes.",
    ),
    (rf"half volume|(?:set |put |turn )?{_OUTPUT} (?:to |at )?half(?: way)?", 50, "Half volume."),
    (r"(?:min|minimum|lowest)(?: volume)?", 10, "As quiet as can still be heard."),
    (rf"(?:set |put |turn )?{_OUTPUT} to (?:the )?min(?:imum)?", 10, "As quiet as can still be heard."),
)


def volume(words: str) -> Reply | None:
    """The change of volume a sentence stands for, in lower case."""
    for pattern, level, reasoning in _LEVELS:
        if re.fullmatch(pattern, words):
            return simple("set_volume", reasoning, volume_level=level)
    for pattern in _TO:
        match = re.fullmatch(pattern, words)
        asked = None if match is None else number(match["n"].lstrip("+-"))
        if match is not None and asked is not None:
            return _level(asked, match["n"])
    return _relative(words)


def _level(level: int, written: str) -> Reply:
    if written.startswith(("+", "-")):
        return _change(-level if written.startswith("-") else level)
    if level > 100:
        return talk("The volume goes from 0 to 100. Nothing was changed.")
    return simple("set_volume", f"Set the volume to {level} %.", volume_level=level)


def _relative(words: str) -> Reply | None:
    for way, pattern in _WAYS:
        match = pattern.fullmatch(words)
        if match is not None:
            by = number(match["by"]) if match["by"] else None
            return _change(way * (by if by is not None else _step(match["before"] or match["after"])))
    for way, aside in _ASIDES:
        if re.fullmatch(aside, words):
            return _change(way * STEP)
    return None


def _step(how: str | None) -> int:
    if how in _SLIGHTLY:
        return SMALL_STEP
    return LARGE_STEP if how in _STRONGLY else STEP


def _change(by: int) -> Reply:
    way = "louder" if by > 0 else "quieter"
    change = max(-100, min(100, by))
    return simple("set_volume", f"{abs(change)} points {way}.", 0.9, volume_change=change)
