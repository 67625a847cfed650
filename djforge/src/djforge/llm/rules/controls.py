"""Sentences that steer what plays: pause, next, what is this? Each as a whole sentence only, so that a title
that contains such a word is left alone."""

from __future__ import annotations

import re
from collections.abc import Mapping

from djforge.llm.rules.loudness import volume
from djforge.llm.rules.replies import Reply, simple

_IT = (
    r"(?: (?:it|this|that|the|current|my)?"
    r"(?: ?(?:music|song|track|tune|playback|player|one|spotify))?)?"
)
_ONE = r"(?:song|track|one|tune)"
_PAUSE = (
    rf"(?:pause|stop|halt|freeze)(?: playing)?{_IT}"
    r"|hold on|hang on|shut up|be quiet|quiet|silence(?: please)?"
)
_RESUME = (
    rf"(?:resume|continue|unpause|start|press play|play)(?: playing)?{_IT}"
    r"|go on|carry on|keep (?:playing|going)|play on"
)
_SKIP = (
    rf"(?:skip|next|forward|pass){_IT}"
    rf"|(?:(?:play|go to|jump to|skip to|on to) )?(?:the )?next(?: {_ONE})?"
    rf"|i (?:don't|do not) like this(?: {_ONE})?|i hate this(?: {_ONE})?|not this(?: {_ONE})?"
)
_PREVIOUS = (
    rf"(?:previous|prev|back|rewind){_IT}|one back"
    rf"|(?:go|skip|jump) back(?: one| a song| to the (?:last|previous) {_ONE})?"
    rf"|(?:play )?(?:the )?(?:previous|last) {_ONE}(?: again)?"
)
_NOW = (
    r"(?:what|which)(?:'s| is|s)?(?: the)?(?: name of)?"
    r"(?: (?:song|track|tune|music|this|that))*(?: (?:is|are we|am i))?"
    r"(?: (?:this|that|it|on|now|currently|playing|hearing|listening to|song|called|right))+"
    rf"|who(?:'s| is|s)? (?:this|singing|playing|that)(?: song| now)?|who sings this(?: {_ONE})?"
    rf"|(?:the )?(?:name|title) of (?:this|the) {_ONE}|(?:current|this) {_ONE}|now playing"
)
_SIMPLE = (
    ("play", re.compile(_RESUME), "Go on playing."),
    ("pause", re.compile(_PAUSE), "Stop the music for now."),
    ("skip", re.compile(_SKIP), "On to the next song."),
    ("previous", re.compile(_PREVIOUS), "Back to the song before."),
    ("get_current_track", re.compile(_NOW), "Asked what is playing."),
)
_ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "pause": ("pausa", "stopp", "anhalten", "stop musikken", "arrête", "para", "ferma", "hold pause"),
    "play": ("fortsæt", "weiter spielen", "continuer", "continua", "reprends", "fortsett"),
    "skip": (
        *("næste", "næste sang", "weiter", "nächstes lied", "nächster song", "suivant", "siguiente"),
        *("prossima", "próxima", "chanson suivante", "nästa"),
    ),
    "previous": ("forrige", "forrige sang", "zurück", "précédent", "anterior", "precedente", "förra"),
    "get_current_track": (
        *("hvad spiller", "hvad er det her", "was läuft gerade", "was läuft"),
        *("c'est quoi cette chanson", "qué suena"),
    ),
}


def control(said: str) -> Reply | None:
    """The control a sentence stands for."""
    words = said.lower()
    for intent, pattern, reasoning in _SIMPLE:
        if pattern.fullmatch(words):
            return simple(intent, reasoning)
    for intent, phrases in _ELSEWHERE.items():
        if words in phrases:
            return simple(intent, "Understood as a word of another language.", 0.85)
    return volume(words)
