"""Wishes for music → the songs: names, likenesses, tastes, and several at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from djforge.llm.rules.replies import Reply, picks, question, several, simple, song
from djforge.llm.rules.table import Table, Taste, one_each
from djforge.llm.rules.taste import Vocabulary, told
from djforge.llm.rules.wish import (
    ARTIST_THINGS,
    BUT,
    CALLED,
    COUNTED,
    DASHED,
    LIKE,
    NOT,
    SOME_BY,
    THINGS,
    Wish,
    listed,
    means_the_artist_before,
    means_the_song_before,
    title_and_artist,
    unquoted,
)
from djforge.llm.rules.words import fold, number

MOST_SONGS = 10
SURE, LIKELY, GUESSED, UNSURE = 0.95, 0.85, 0.75, 0.55


class Music:
    """Answers wishes from the table."""

    def __init__(self, table: Table, vocabulary: Vocabulary) -> None:
        self._table = table
        self._vocabulary = vocabulary
        self._readings: tuple[Callable[[Wish], Reply | None], ...] = (
            self._title,
            self._likeness,
            self._but_not,
            self._counted,
            self._named,
            self._of_artist,
            self._title_and_artist,
            self._taste,
            self._misspelt,
        )

    def answer(self, wish: Wish) -> Reply:
        """The songs a wish stands for; a question where it could be several or none is known."""
        if self._vocabulary.says_nothing(wish.text) and not self._table.titled(wish.text):
            return self._anything(wish)
        understood = self.understood(wish)
        return understood if understood is not None else self._who_is_it_by(wish)

    def understood(self, wish: Wish) -> Reply | None:
        """The songs a wish stands for; None where no reading of it fits."""
        called = CALLED.fullmatch(wish.text)
        plain = unquoted(called["rest"] if called is not None else wish.text)
        if not plain:
            return None
        wish = msgspec.structs.replace(wish, text=plain)
        for reading in self._readings:
            reply = reading(wish)
            if reply is not None:
                return reply
        return None

    def more_like_last(self, wish: Wish, taste: Taste | None = None) -> Reply:
        """Another song near the last one."""
        last = wish.memory.last_song
        if last is None:
            return self._anything(wish)
        return self._near(wish, last[0], taste) or self._anything(wish)

    def _title(self, wish: Wish) -> Reply | None:
        """The whole text is a title."""
        tracks = self._table.titled(wish.text)
        if not tracks or wish.count > 1:
            return None
        if len(tracks) == 1:
            reasoning = f"“{tracks[0].title}” is a song by {tracks[0].artist}."
            return picks(tracks, reasoning, LIKELY, count=1, queue=wish.queue)
        verb = "queue" if wish.queue else "play"
        options = [
            (f"{track.artist} ({track.year})", f"{verb} {track.title} by {track.artist}") for track in tracks
        ]
        return question(f"Whose “{tracks[0].title}”?", options, "Several artists have a song of this title.")

    def _likeness(self, wish: Wish) -> Reply | None:
        """Something like somebody, perhaps happier."""
        match = LIKE.fullmatch(wish.text)
        if match is None and re.search(r" but ", wish.text):
            match = BUT.fullmatch(wish.text)
        if match is None or (not match.groupdict().get("lead", "x").strip() and " by " in wish.text):
            return None
        taste = self._vocabulary.taste_of(match["how"]) if match["how"] else None
        if match["how"] and taste is None:
            return None
        who = unquoted(match["who"])
        if means_the_song_before(who):
            return self.more_like_last(wish, taste)
        artist = self._artist_meant(who)
        if artist is not None:
            return self._near(wish, artist, taste)
        return None if match.re is BUT else self._unknown_model(who, taste, wish)

    def _artist_meant(self, who: str) -> str | None:
        """The artist named, or the one whose song is named."""
        title, _, by = who.rpartition(" by ")
        artist = self._table.artist(by or who)
        if artist is not None:
            return artist
        tracks = self._table.titled(title or who, guess=True)
        return tracks[0].artist if tracks else None

    def _near(self, wish: Wish, artist: str, taste: Taste | None) -> Reply | None:
        known = self._table.artist(artist)
        near = self._table.near(known) if known is not None else []
        if taste is not None:
            near = self._table.fitting(taste, near) or self._table.fitting(taste)
        tracks = one_each((track for track in near if track.artist != known), wish.memory.heard)
        if not tracks:
            return None
        mood = f", {told(taste)}" if taste is not None else ""
        first = tracks[0]
        reasoning = f"{first.artist} is near {known or artist} in my table{mood}."
        return picks(tracks, reasoning, LIKELY, count=wish.count, queue=wish.queue)

    def _unknown_model(self, who: str, taste: Taste | None, wish: Wish) -> Reply:
        if taste is not None:
            tracks = one_each(self._table.fitting(taste), wish.memory.heard)
            if tracks:
                reasoning = f"{who} is not in my table; this is {told(taste)}."
                return picks(tracks, reasoning, UNSURE, count=wish.count, queue=wish.queue)
        return self._moods(
            f"I don't know {who} well enough to find something like it. What mood should it be?", wish
        )

    def _but_not(self, wish: Wish) -> Reply | None:
        """Something of a kind, but not by somebody."""
        match = NOT.fullmatch(wish.text)
        banned = None if match is None else self._table.artist(match["who"])
        if match is None or banned is None:
            return None
        taste = self._vocabulary.taste_of(match["what"])
        if taste is None and not self._vocabulary.says_nothing(match["what"]):
            return None
        pool = self._table.fitting(taste) if taste is not None else self._table.near(banned)
        tracks = one_each((track for track in pool if track.artist != banned), wish.memory.heard)
        reasoning = f"Not {banned}{f', but {told(taste)}' if taste is not None else ''}."
        return picks(tracks, reasoning, GUESSED, count=wish.count, queue=wish.queue) if tracks else None

    def _named(self, wish: Wish) -> Reply | None:
        """ "Title by Artist" or "Artist - Title", one or several."""
        if wish.count > 1 or SOME_BY.fullmatch(wish.text):
            return None
        if " by " not in f" {wish.text.lower()} ":
            match = DASHED.fullmatch(wish.text)
            return None if match is None else self._song(match["title"], match["artist"], wish)
        pairs = [title_and_artist(part) for part in listed(wish.text)]
        if len(pairs) > 1 and all(pairs):
            spelt = [self._spelt(title, artist) for title, artist in filter(None, pairs)]
            songs = [(artist, title) for title, artist in spelt]
            return several(songs[:MOST_SONGS], "Several songs were named.", SURE)
        pair = title_and_artist(wish.text)
        return None if pair is None else self._song(*pair, wish)

    def _song(self, title: str, artist: str, wish: Wish) -> Reply | None:
        if means_the_artist_before(artist) and wish.memory.last_song is not None:
            artist = wish.memory.last_song[0]
        title, artist = self._spelt(unquoted(title), unquoted(artist))
        if not title or not artist:
            return None
        known = self._table.track(title, artist) is not None
        reasoning = "Title and artist were named." if known else "Title and artist as named; not in my table."
        return song(artist, title, reasoning, SURE if known else LIKELY, queue=wish.queue)

    def _spelt(self, title: str, artist: str) -> tuple[str, str]:
        """Title and artist as the table spells them, where it has them."""
        known = self._table.track(title, artist)
        if known is not None:
            return known.title, known.artist
        title = re.sub(r"^(?:the )?(?:song|track|tune) (?=\S)", "", title, flags=re.IGNORECASE)
        return title, self._table.artist(artist) or artist

    def _counted(self, wish: Wish) -> Reply | None:
        """Three songs of something."""
        match = COUNTED.fullmatch(wish.text)
        count = None if match is None else number(match["count"])
        if match is None or count is None or wish.count > 1:
            return None
        if count == 1 or (count > 1 and not re.search(rf"\b{THINGS}\b", match["rest"], re.IGNORECASE)):
            return None
        if fold(match["count"]) == "some":
            return None
        reply = self.understood(
            msgspec.structs.replace(wish, text=match["rest"], count=min(count, MOST_SONGS), queue=True)
        )
        if reply is not None or not self._vocabulary.says_nothing(match["rest"]):
            return reply
        return self._anything(msgspec.structs.replace(wish, count=min(count, MOST_SONGS)))

    def _of_artist(self, wish: Wish) -> Reply | None:
        """Something by somebody, or just the name."""
        match = SOME_BY.fullmatch(wish.text) or ARTIST_THINGS.fullmatch(wish.text)
        who = wish.text if match is None else match["artist"]
        if means_the_artist_before(who) and wish.memory.last_song is not None:
            who = wish.memory.last_song[0]
        bare = re.sub(r"^(?:some|any|a|more|the band|the artist|artist|band) (?=\S)", "", who, flags=re.IGNORECASE)
        spelled = self._vocabulary.taste_of(bare) is None
        artist = self._table.artist(bare, guess=spelled and not self._table.titled(bare, guess=True))
        if artist is None:
            by_name = match is not None and match.re is SOME_BY and self._vocabulary.taste_of(who) is None
            return self._stranger(who) if by_name else None
        tracks = one_each(self._table.by(artist), wish.memory.heard)
        count = min(wish.count, len(tracks))
        return picks(tracks, f"One of the best known songs of {artist}.", LIKELY, count=count, queue=wish.queue)

    def _stranger(self, artist: str) -> Reply:
        reasoning = f"{artist} is not in my table, so I look for songs instead of naming one."
        return simple("search", reasoning, GUESSED, query=artist)

    def _title_and_artist(self, wish: Wish) -> Reply | None:
        """ "creep radiohead", in either order."""
        words = wish.text.split()
        for at in range(1, len(words)):
            one, other = " ".join(words[:at]), " ".join(words[at:])
            for title, artist in ((one, other), (other, one)):
                name = self._table.artist(artist, guess=False)
                track = None if name is None else self._table.track(title, name)
                if track is not None:
                    return picks([track], "Title and artist were named.", SURE, count=1, queue=wish.queue)
        return None

    def _taste(self, wish: Wish) -> Reply | None:
        """Some calm jazz, something from the eighties."""
        taste = self._vocabulary.taste_of(wish.text)
        if taste is None:
            return None
        tracks = one_each(self._table.fitting(taste), wish.memory.heard)
        if not tracks:
            return self._moods(f"My table has nothing that is {told(taste)}. What else would you like?", wish)
        count = min(wish.count, len(tracks))
        return picks(tracks, f"This is {told(taste)}.", LIKELY, count=count, queue=wish.queue)

    def _misspelt(self, wish: Wish) -> Reply | None:
        tracks = self._table.titled(wish.text, guess=True)
        if not tracks or wish.count > 1:
            return None
        reasoning = f"“{wish.text}” looks like “{tracks[0].title}” by {tracks[0].artist}."
        return picks(tracks, reasoning, UNSURE, count=1, queue=wish.queue)

    def _anything(self, wish: Wish) -> Reply:
        if wish.count > 1 or "surprise" in wish.text.lower() or "whatever" in wish.text.lower():
            tracks = one_each(self._table.tracks, wish.memory.heard)
            # Another start for each turn of a conversation; the same command in the same place stays the same.
            start = (len(wish.text) + 7 * wish.memory.turns) % len(tracks)
            reasoning = "Anything was welcome, so this is a pick from my table."
            return picks(tracks[start:] + tracks[:start], reasoning, GUESSED, count=wish.count, queue=wish.queue)
        return self._moods("Gladly. What should it be?", wish)

    def _who_is_it_by(self, wish: Wish) -> Reply:
        text = unquoted(re.sub(r"^(?:some|any|a|an|more|me) (?=\S)", "", wish.text, flags=re.IGNORECASE))
        options = [(f"Search for “{text}”", f"search {text}"), *_options(wish)[:3]]
        message = f"I don't know “{text}”. Who is it by? Say it as “{text} by …”, or choose:"
        return question(message, options, "A title or artist that is not in my table.")

    def _moods(self, message: str, wish: Wish) -> Reply:
        return question(message, _options(wish), "The wish leaves open what kind of music.")


def _options(wish: Wish) -> Sequence[tuple[str, str]]:
    verb = "queue" if wish.queue else "play"
    return [
        ("Something happy", f"{verb} something happy"),
        ("Something calm", f"{verb} something calm"),
        ("To dance to", f"{verb} some dance music"),
        ("Some jazz", f"{verb} some jazz"),
    ]
