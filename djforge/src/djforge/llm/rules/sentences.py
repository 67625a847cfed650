"""A command → the rules' answer. Readings are tried from the most certain to the least."""

from __future__ import annotations

import re

from djforge.llm.rules.controls import control
from djforge.llm.rules.memory import Memory
from djforge.llm.rules.music import Music
from djforge.llm.rules.replies import Reply, question, simple, unknown
from djforge.llm.rules.table import Table
from djforge.llm.rules.talking import talked
from djforge.llm.rules.taste import Vocabulary
from djforge.llm.rules.wish import Wish
from djforge.llm.rules.words import ORDINALS, fold, one_slip_apart, tidy

VERBS = ("play", "queue", "pause", "skip", "resume", "stop", "search", "next", "previous", "volume", "louder",
         "quieter", "mute", "unmute", "find")  # fmt: skip
_DJ = re.compile(r"(?:(?:hey|hi|hello|ok|okay|yo)[ ,]+)?dj(?: ?forge)?[,: ]+(?=\S)", re.IGNORECASE)
_POLITE = re.compile(
    r"(?:(?:can|could|would|will) (?:you|we|i)(?: please| maybe)?|please|pls|plz|kindly|i(?:'d| would) (?:like|love)(?: you)? to"
    r"|i (?:want|need)(?: you)? to|i wanna|let's|lets|let us|now|and|so|then|well|ok(?:ay)?|go ahead and)[, ]+(?=\S)",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"[, ]+(?:please|pls|plz|thanks?|thank you|for me|will you|would you|would ya|right away)$", re.IGNORECASE
)
_PLAY = re.compile(
    r"(?:play(?: me| us)?|put on|throw on|listen to|hear|i (?:want|need)|i(?:'d| would) (?:like|love)|give (?:me|us)|gimme"
    r"|i(?:'m| am) in the mood for|i feel like(?: hearing| listening to)?|how about|what about|start playing|drop|blast|spin"
    r"|(?:find|get|recommend|suggest)(?: me)?(?= (?:something|anything)\b)|do you have|got any"
    r"|spil|afspil|spiel(?:e)?|joue(?:-moi)?|mets(?:-moi)?|pon(?:me)?|reproduce|toca|suona|metti|spela|speel|toque)"
    r"(?: (?P<rest>.+))?",
    re.IGNORECASE,
)
_FOREIGN = re.compile(
    r"(?:spil|afspil|spiel|joue|mets|pon|reproduce|toca|suona|metti|spela|speel|toque)", re.IGNORECASE
)
_FOREIGN_BY = re.compile(r"(.+) (?:af|av|von|de|di|van|do|da) (.+)", re.IGNORECASE)
_QUEUE = re.compile(
    r"(?:(?:queue(?: up)?|enqueue|que|q|line up)(?: me)? (?P<a>.+?)(?: (?:up|next|to the queue|in the queue))?"
    r"|(?:add|put|throw|stick) (?P<b>.+?) (?:to|in|on|into|onto)(?: (?:the|my))? (?:queue|list|line)"
    r"|play (?P<c>.+?) (?:next|afterwards|after (?:this|that)(?: one| song)?|later)|add (?P<d>.+)"
    r"|next(?: up)?(?: play)?[:,]? (?P<e>.+))",
    re.IGNORECASE,
)
_SEARCH = re.compile(
    r"(?:(?:search|look|google)(?: spotify)?(?: for| up)?|find(?: me)?|show(?: me)?|list)(?: (?:the|all|some|any))?"
    r"(?: (?:songs?|tracks?|music|results)(?: (?:by|from|of|called|about|for|with|named))?)? (?P<query>.+)",
    re.IGNORECASE,
)
_CHOICE = re.compile(
    rf"(?:no,? )?(?:(?:play|queue|take|i (?:want|meant|mean)|try|give me) )?(?:the )?(?P<which>{'|'.join(ORDINALS)})(?: (?:one|song|option|choice))?"
    r"|(?:(?:play|take|option|choice) )?(?:number|no\.?|#|option|nr\.?) ?(?P<number>[1-9])",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"(?:no,? )?(?:(?:play |give me |queue )?(?:something|anything) (?:else|different)|(?:play |queue )?(?:another|one more)(?: (?:one|song|track))?"
    r"|more(?: (?:please|like (?:this|that|it)|of (?:this|that|the same)))?|(?:play |queue )?(?:more|something|another(?: one)?) like (?:this|that|it)"
    r"|similar|not (?:that|this)(?: one)?|another like (?:this|that))",
    re.IGNORECASE,
)
_AGAIN = re.compile(
    r"(?:play )?(?:it|that|this|that one|the song|that song|this song)? ?(?:again|once more|one more time)|replay|encore",
    re.IGNORECASE,
)
_REPEATED = re.compile(r"(.)\1{3,}")


class Sentences:
    """Answers commands from the rules and the table."""

    def __init__(self, table: Table, vocabulary: Vocabulary) -> None:
        self._table = table
        self._vocabulary = vocabulary
        self._music = Music(table, vocabulary)

    def answer(self, memory: Memory) -> Reply:
        """The answer to the command of a conversation."""
        said = self._stripped(tidy(memory.command))
        if not re.search(r"\w", said):
            return unknown("There is nothing in it to understand.")
        asked = memory.command.rstrip().endswith("?")
        return (
            self._choice(said, memory)
            or control(said)
            or self._again(said, memory)
            or self._wish(said, memory)
            or self._search(said)
            or self._unsaid(said, memory, asked)
        )

    def _stripped(self, said: str) -> str:
        """A command without "hey DJ", "please" and the like, its first word spelled right."""
        said = _DJ.sub("", said, count=1) if _DJ.match(said) else said
        while not self._table.titled(said):
            shorter = _THANKS.sub("", said)
            opening = _POLITE.match(shorter)
            shorter = shorter[opening.end() :] if opening is not None else shorter
            if shorter == said:
                break
            said = shorter
        first, _, rest = said.partition(" ")
        return said if self._table.starts_a_name(first) else f"{_spelled(first)} {rest}".strip()

    def _choice(self, said: str, memory: Memory) -> Reply | None:
        """The second one."""
        match = _CHOICE.fullmatch(said)
        if match is None:
            return None
        at = int(match["number"]) - 1 if match["number"] else ORDINALS[match["which"].lower()]
        if memory.choices and -1 <= at < len(memory.choices):
            return self._chosen(memory.choices[at], memory)
        if match["which"] and match["which"].lower() == "last":
            return None
        return question("Which one do you mean? I offered nothing to choose from.", [], "No choices before.")

    def _chosen(self, choice: str, memory: Memory) -> Reply:
        wish = self._wish(choice, memory) or self._search(choice)
        return wish or self._music.answer(Wish(text=choice, queue=False, memory=memory))

    def _again(self, said: str, memory: Memory) -> Reply | None:
        """Another one, or the same again."""
        wish = Wish(text="something", queue=said.lower().startswith("queue"), memory=memory)
        if _MORE.fullmatch(said):
            return self._music.more_like_last(wish)
        if not _AGAIN.fullmatch(said):
            return None
        if memory.last_song is None:
            return question("Again what? I remember no song of this conversation.", [], "No song before.")
        artist, title = memory.last_song
        return simple("play_specific_song", "The last song once more.", 0.9, artist=artist, track=title)

    def _wish(self, said: str, memory: Memory) -> Reply | None:
        """Play or queue something."""
        queued = _QUEUE.fullmatch(said)
        if queued is not None and not self._table.titled(said):
            text = next(found for found in queued.groups() if found)
            return self._music.answer(Wish(text=text, queue=True, memory=memory))
        match = None if self._table.titled(said) else _PLAY.fullmatch(said)
        if match is None or not match["rest"]:
            return None
        text = match["rest"]
        elsewhere = _FOREIGN_BY.fullmatch(text) if _FOREIGN.match(said) else None
        if elsewhere is not None and self._vocabulary.taste_of(text) is None and not self._table.titled(text):
            text = f"{elsewhere[1]} by {elsewhere[2]}"
        return self._music.answer(Wish(text=text, queue=False, memory=memory))

    def _search(self, said: str) -> Reply | None:
        if said.lower() in ("search", "find", "look", "show"):
            return question("What should I search for?", [], "A search without words.")
        match = _SEARCH.fullmatch(said)
        if match is None:
            return None
        query = match["query"].strip('" ')
        return simple("search", "Asked to search, not to play.", 0.9, query=query)

    def _unsaid(self, said: str, memory: Memory, asked: bool) -> Reply:
        """Words without a verb: talk, a name, a mood, or nothing that makes sense."""
        if not self._table.titled(said):
            reply = talked(said, asked, self._table)
            if reply is not None:
                return reply
        if _REPEATED.search(said) is None and len(said) > 1:
            wish = Wish(text=said, queue=False, memory=memory)
            understood = self._music.understood(wish)
            if understood is not None:
                return understood
        return unknown(f"“{said[:80]}” is no sentence my rules know, and no name in my table.")


def _spelled(word: str) -> str:
    """A verb typed with one slip, as it is meant."""
    lowered = fold(word)
    if lowered in VERBS or len(lowered) < 3:
        return word
    meant = [verb for verb in VERBS if one_slip_apart(lowered, verb)]
    return meant[0] if meant else word
