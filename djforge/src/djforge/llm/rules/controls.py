"""Sentences that steer what plays: pause, next, louder, what is this? Each as a whole sentence only, so that a
title that contains such a word is left alone."""

from __future__ import annotations

import re
from collections.abc import Mapping

from djforge.llm.rules.replies import Reply, simple, talk
from djforge.llm.rules.words import any_of, number

STEP, SMALL_STEP, LARGE_STEP = 10, 5, 25

_IT = (
    r"(?: (?:it|this|that|the|this|current|my)?(?: ?(?:music|song|track|tune|playback|player|one|spotify))?)?"
)
_PAUSE = rf"(?:pause|stop|halt|freeze)(?: playing)?{_IT}|hold on|hang on|shut up|be quiet|quiet|silence(?: please)?|stop it"
_RESUME = rf"(?:resume|continue|unpause|start|press play|play)(?: playing)?{_IT}|go on|carry on|keep (?:playing|going)|play on"
_SKIP = (
    rf"(?:skip|next|forward|pass){_IT}|(?:(?:play|go to|jump to|skip to|on to) )?(?:the )?next(?: song| track| one| tune)?"
    r"|i (?:don't|do not) like this(?: song| one| track)?|i hate this(?: song| one| track)?|not this(?: song| one)?"
)
_PREVIOUS = (
    rf"(?:previous|prev|back|rewind){_IT}|(?:go|skip|jump) back(?: one| a song| to the (?:last|previous) (?:song|track|one))?"
    r"|(?:play )?(?:the )?(?:previous|last) (?:song|track|one|tune)(?: again)?|one back"
)
_NOW = (
    r"(?:what|which)(?:'s| is|s)?(?: the)?(?: name of)?(?: (?:song|track|tune|music|this|that))*(?: (?:is|are we|am i))?"
    r"(?: (?:this|that|it|on|now|currently|playing|hearing|listening to|song|called|right))+"
    r"|who(?:'s| is|s)? (?:this|singing|playing|that)(?: song| now)?|(?:the )?(?:name|title) of (?:this|the) (?:song|track)"
    r"|(?:current|this) (?:song|track)|now playing|who sings this(?: song)?|what(?:'s| is) (?:this|that) (?:song|track)"
)
_SIMPLE = (
    ("play", _RESUME, "Go on playing."),
    ("pause", _PAUSE, "Stop the music for now."),
    ("skip", _SKIP, "On to the next song."),
    ("previous", _PREVIOUS, "Back to the song before."),
    ("get_current_track", _NOW, "Asked what is playing."),
)
_ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "pause": ("pausa", "stopp", "anhalten", "stop musikken", "arrete", "para", "ferma", "hold pause"),
    "play": ("fortsæt", "weiter spielen", "continuer", "continua", "reprends", "fortsett"),
    "skip": ("næste", "næste sang", "weiter", "nächstes lied", "nächster song", "suivant", "siguiente", "prossima",
             "próxima", "chanson suivante", "nästa"),
    "previous": ("forrige", "forrige sang", "zurück", "précédent", "anterior", "precedente", "förra"),
    "get_current_track": ("hvad spiller", "hvad er det her", "was läuft gerade", "was läuft", "c'est quoi cette chanson",
                          "qué suena"),
    "louder": ("højere", "skru op", "lauter", "plus fort", "más alto", "più forte", "mais alto", "högre"),
    "quieter": ("lavere", "skru ned", "leiser", "moins fort", "más bajo", "più piano", "mais baixo", "lägre"),
}  # fmt: skip

_SLIGHTLY = ("a bit", "a little", "a little bit", "slightly", "a touch", "a tad", "just a bit")
_STRONGLY = ("much", "a lot", "way", "way way", "far", "lots", "really", "waaay", "a good deal")
_HOW = rf"(?P<how>{any_of((*_SLIGHTLY, *_STRONGLY))})"
_OUTPUT = r"(?:it|this|that|(?:the |my )?(?:volume|sound|music|song|level|speakers?|spotify))"
_N = r"(?P<n>\+?-?[0-9]{1,4}|[a-z]+(?: [a-z]+)?)"
_PERCENT = r" ?(?:%|percent|per cent|pct)?"
_TO = (
    rf"(?:(?:set|turn|put|change|make|get|bring) )?(?:{_OUTPUT} )?(?:up |down )?(?:to|at|on) {_N}{_PERCENT}(?: volume)?",
    rf"(?:set |turn |make )?(?:the )?(?:volume|sound|vol)(?: level)?(?: to| at| =|:)? ?{_N}{_PERCENT}",
    rf"{_N}{_PERCENT} volume",
    r"(?P<n>[0-9]{1,3}) ?(?:%|percent)",
)
_UP = rf"(?:(?:turn|crank|pump|bring|put) (?:{_OUTPUT} )?up|turn up {_OUTPUT}|louder|volume up|(?:raise|increase) {_OUTPUT}|make {_OUTPUT} louder|pump up the volume)"
_DOWN = rf"(?:(?:turn|bring|put|tone) (?:{_OUTPUT} )?down|turn down {_OUTPUT}|quieter|softer|volume down|(?:lower|decrease|reduce) {_OUTPUT}|make {_OUTPUT} (?:quieter|softer))"
_AROUND = rf"(?:{_HOW} )?@(?:(?: {_HOW.replace('how', 'how2')})|(?: by (?P<by>[a-z0-9]+){_PERCENT}))?"
_ASIDE_UP = r"(?:it's |that's |this is )?(?:too|so) (?:quiet|soft|silent)|i can(?:'t|not) hear (?:it|anything|a thing)|not loud enough"
_ASIDE_DOWN = r"(?:it's |that's |this is )?(?:too|so|way too) loud|my ears(?: hurt)?|not so loud"
_MORE = rf"(?:make {_OUTPUT} |turn {_OUTPUT} (?:up )?)?{_HOW} (?P<way>louder|quieter|softer)"
_LEVELS = (
    (rf"(?:mute|silence)(?: {_OUTPUT}| everything)?", 0, "Silence."),
    (rf"unmute(?: {_OUTPUT})?", 50, "Sound on again; the level before is not known, so half."),
    (rf"(?:(?:max|full|maximum|highest)(?: volume| blast)?|(?:turn|crank|put) {_OUTPUT} (?:up )?(?:all the way(?: up)?|to (?:the )?max(?:imum)?|to eleven|to 11))", 100, "As loud as it goes."),
    (rf"(?:half volume|(?:set |put |turn )?{_OUTPUT} (?:to |at )?half(?: way)?)", 50, "Half volume."),
    (rf"(?:(?:min|minimum|lowest)(?: volume)?|(?:set |put |turn )?{_OUTPUT} to (?:the )?min(?:imum)?)", 10, "As quiet as can still be heard."),
)  # fmt: skip


def control(said: str) -> Reply | None:
    """The control a sentence stands for."""
    words = said.lower()
    for intent, pattern, reasoning in _SIMPLE:
        if re.fullmatch(pattern, words):
            return simple(intent, reasoning)
    for intent, phrases in _ELSEWHERE.items():
        if words in phrases:
            if intent in ("louder", "quieter"):
                return _change(STEP if intent == "louder" else -STEP)
            return simple(intent, "Understood as a word of another language.", 0.85)
    return volume(words)


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
    more = re.fullmatch(_MORE, words)
    if more is not None:
        step = _step(more["how"])
        return _change(step if more["way"] == "louder" else -step)
    for way, pattern, aside in ((1, _UP, _ASIDE_UP), (-1, _DOWN, _ASIDE_DOWN)):
        match = re.fullmatch(_AROUND.replace("@", pattern), words)
        if match is not None:
            by = number(match["by"]) if match["by"] else None
            return _change(way * (by if by is not None else _step(match["how"] or match["how2"])))
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
