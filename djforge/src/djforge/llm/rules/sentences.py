"""A command → the rules' answer. Readings are tried from the most certain to the least."""

from __future__ import annotations

import re

from djforge.llm.rules import patterns
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
            or self._beyond(said)
            or self._again(said, memory)
            or self._wish(said, memory)
            or self._search(said)
            or self._unsaid(said, memory, asked)
        )

    def _stripped(self, said: str) -> str:
        """A command without "hey DJ", "please" and the like, its first word spelled right."""
        said = patterns.SOMETHING_MISSPELT.sub("something", said)
        opening = patterns.TO_THE_DJ.match(said)
        said = said[opening.end() :] if opening is not None else said
        while not self._table.titled(said) and not self._table.titled(said.rpartition(" by ")[0]):
            shorter = patterns.POLITE_END.sub("", said)
            start = patterns.POLITE_START.match(shorter)
            shorter = shorter[start.end() :] if start is not None else shorter
            if shorter == said:
                break
            said = shorter
        first, _, rest = said.partition(" ")
        return said if self._table.starts_a_name(first) else f"{_spelled(first)} {rest}".strip()

    def _choice(self, said: str, memory: Memory) -> Reply | None:
        """The second one."""
        match = patterns.CHOICE.fullmatch(said)
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

    def _beyond(self, said: str) -> Reply | None:
        """What is understood, but cannot be done here."""
        if self._table.titled(said) or not patterns.BEYOND.fullmatch(said) or " by " in said:
            return None
        return unknown("Playlists, shuffle, repeat, devices and saving songs are beyond what I can do.")

    def _again(self, said: str, memory: Memory) -> Reply | None:
        """Another one, or the same again."""
        wish = Wish(text="something", queue=said.lower().startswith("queue"), memory=memory)
        if patterns.MORE.fullmatch(said):
            return self._music.more_like_last(wish)
        if not patterns.AGAIN.fullmatch(said):
            return None
        if memory.last_song is None:
            return question("Again what? I remember no song of this conversation.", [], "No song before.")
        artist, title = memory.last_song
        return simple("play_specific_song", "The last song once more.", 0.9, artist=artist, track=title)

    def _wish(self, said: str, memory: Memory) -> Reply | None:
        """Play or queue something."""
        queued = patterns.QUEUE.fullmatch(said)
        if queued is not None and not self._table.titled(said):
            text = next(found for found in queued.groups() if found)
            return self._music.answer(Wish(text=text, queue=True, memory=memory))
        match = None if self._table.titled(said) else patterns.PLAY.fullmatch(said)
        if match is None or not match["rest"]:
            return None
        text = match["rest"]
        elsewhere = patterns.BY_ELSEWHERE.fullmatch(text) if patterns.PLAY_ELSEWHERE.match(said) else None
        if elsewhere is not None and self._vocabulary.taste_of(text) is None and not self._table.titled(text):
            text = f"{elsewhere[1]} by {elsewhere[2]}"
        return self._music.answer(Wish(text=text, queue=False, memory=memory))

    def _search(self, said: str) -> Reply | None:
        if said.lower() in ("search", "find", "look", "show"):
            return question("What should I search for?", [], "A search without words.")
        if said.lower() in ("queue", "add", "queue up"):
            return question("What should I put in the queue?", [], "A queue command without a song.")
        match = patterns.SEARCH.fullmatch(said)
        if match is None:
            return None
        query = match["query"].strip('" ')
        if not re.search(r"\w", query):
            return question("What should I search for?", [], "A search without words.")
        return simple("search", "Asked to search, not to play.", 0.9, query=query)

    def _unsaid(self, said: str, memory: Memory, asked: bool) -> Reply:
        """Words without a verb: talk, a name, a mood, or nothing that makes sense."""
        if not self._table.titled(said):
            reply = talked(said, asked, self._table)
            if reply is not None:
                return reply
        if patterns.ANYTHING.fullmatch(said):
            return self._music.answer(Wish(text=said, queue=False, memory=memory))
        if patterns.REPEATED_LETTER.search(said) is None and len(said) > 1:
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
