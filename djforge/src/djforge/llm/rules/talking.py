"""What the rules say when they are spoken to: honestly, that they are rules, and what the table knows."""

from __future__ import annotations

import re

from djforge.llm.rules.replies import Reply, talk
from djforge.llm.rules.table import Table, Track
from djforge.llm.rules.words import fold

ABOUT = (
    "I am local/rules-1, a small set of rules inside DJ Forge, not a language model. I understand sentences "
    "like “play Karma Police by Radiohead”, “play something like Radiohead but happier”, “queue three songs "
    "by ABBA”, “some calm jazz”, “volume 40”, “louder”, “skip”, “what's playing?” and “search Halo”. With a "
    "key for OpenRouter or OpenAI in the settings, a real model takes my place."
)
LIMITS = (
    "I cannot answer that: I am local/rules-1, a small set of rules with a table of songs, not a language "
    "model. Ask me for music, or set a key for OpenRouter or OpenAI to talk with a real model."
)
_GREETING = (
    r"(?:hi|hello|hey|hej|hallo|bonjour|hola|ciao|yo|good (?:morning|evening|afternoon)|moin)"
    r"(?: there| dj(?: forge)?)?"
)
_THANKS = r"(?:thanks?|thank you|thx|cheers|tak|danke|merci|gracias)(?: you)?(?: so much| a lot| very much)?"
_PRAISE = (
    r"(?:i )?(?:love|like) (?:it|this|that)(?: song| one)?"
    r"|(?:great|nice|cool|good|perfect|awesome|lovely)(?: (?:song|one|choice|music))?"
)
_ABOUT = (
    r"(?:help|commands|what can (?:you|i) (?:do|say|ask)|what do you do|who are you|what are you"
    r"|are you (?:an? )?(?:ai|robot|bot|real|human|llm|language model)|how do(?:es)? (?:this|you|it) work"
    r"|what(?:'s| is) your name|which model (?:are you|is this))"
)
_QUESTION = r"(?:who|what|when|where|why|how|which|did|does|do|is|are|was|were|has|have|tell me|explain)\b.*"


def talked(said: str, asked: bool, table: Table) -> Reply | None:
    """The answer to a greeting, thanks or question; `asked`: the sentence ended in a question mark."""
    words = said.lower()
    if re.fullmatch(_GREETING, words):
        return talk("Hello! What would you like to hear?")
    if re.fullmatch(_THANKS, words):
        return talk("You're welcome.")
    if re.fullmatch(_PRAISE, words):
        return talk("Glad you like it. Say “more like this” for another.")
    if re.fullmatch(_ABOUT, words):
        return talk(ABOUT)
    if not asked and not re.fullmatch(_QUESTION, words):
        return None
    return talk(_known(said, table) or LIMITS)


def _known(said: str, table: Table) -> str | None:
    """What the table says about the song or artist a question names."""
    words = fold(said).split()
    spans = [" ".join(words[at : at + size]) for size in range(6, 0, -1) for at in range(len(words) - size + 1)]
    for span in spans:
        artist = table.artist(span, guess=False) if len(span) > 3 else None
        if artist is not None:
            return _of_artist(artist, table)
        tracks = table.titled(span) if " " in span else []
        if tracks:
            return " ".join(_of_track(track) for track in tracks)
    return None


def _of_artist(artist: str, table: Table) -> str:
    tracks = table.by(artist)
    genres = ", ".join(sorted({genre for track in tracks for genre in track.genres}))
    songs = "; ".join(f"{track.title} ({track.year})" for track in tracks)
    near = list(dict.fromkeys(track.artist for track in table.near(artist)))[:3]
    return f"My table has {artist} as {genres}. Songs in it: {songs}. Near them: {', '.join(near)}."


def _of_track(track: Track) -> str:
    return (
        f"By my table, {track.title} by {track.artist} came out in {track.year} "
        f"({', '.join(track.genres)}). More than that I do not know."
    )
