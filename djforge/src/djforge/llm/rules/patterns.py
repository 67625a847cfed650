"""The shapes of sentences that ask for music, as regular expressions."""

from __future__ import annotations

import re

from djforge.llm.rules.words import ORDINALS


def _shape(*parts: str) -> re.Pattern[str]:
    return re.compile("".join(parts), re.IGNORECASE)


TO_THE_DJ = _shape(r"(?:(?:hey|hi|hello|ok|okay|yo)[ ,]+)?dj(?: ?forge)?[,: ]+(?=\S)")
POLITE_START = _shape(
    r"(?:(?:can|could|would|will) (?:you|we|i)(?: please| maybe)?|please|pls|plz|kindly",
    r"|i(?:'d| would) (?:like|love)(?: you)? to|i (?:want|need)(?: you)? to|i wanna|go ahead and",
    r"|(?:let's|lets|let us)(?= (?:play|hear|listen|skip|put|queue|go|have|pause|stop))|actually)[, ]+(?=\S)",
    r"|(?:now|and|so|then|well|ok(?:ay)?|no|nope|nah|rather|oh|hm+), *(?=\S)",
)
POLITE_END = _shape(r"[, ]+(?:please|pls|plz|thanks?|thank you|for me|will you|would you|right away|instead|then)$")
ELSEWHERE = (
    r"(?:spil|afspil|spiel(?:e)?|joue(?:-moi)?|mets(?:-moi)?|pon(?:me)?|reproduce|toca|suona|metti|spela"
    r"|speel|toque)"
)
PLAY = _shape(
    r"(?:play(?: me| us)?|put on|turn on|throw on|listen to|hear|have|i (?:want|need)|i(?:'d| would) (?:like|love)",
    r"|give (?:me|us)|gimme|i(?:'m| am) in the mood for|i feel like(?: hearing| listening to)?|how about",
    r"|what about|start playing|drop|blast|spin|do you have|got any",
    r"|(?:find|get|recommend|suggest)(?: me)?(?= (?:something|anything)\b)|",
    ELSEWHERE,
    r")(?: (?P<rest>.+))?",
)
PLAY_ELSEWHERE = _shape(ELSEWHERE, r"\b")
BY_ELSEWHERE = _shape(r"(.+) (?:af|av|von|de|di|van|do|da) (.+)")
QUEUE = _shape(
    r"(?:queue(?: up)?|enqueue|que|q|line up)(?: me)? (?P<a>.+?)(?: (?:up|next|to the queue|in the queue))?",
    r"|(?:add|put|throw|stick) (?P<b>.+?) (?:to|in|on|into|onto)(?: (?:the|my))? (?:queue|list|line)",
    r"|play (?P<c>.+?) (?:next|afterwards|after (?:this|that)(?: one| song)?|later)|add (?P<d>.+)",
    r"|next(?: up)?(?: play)?[:,]? (?P<e>.+)",
)
SEARCH = _shape(
    r"(?:(?:search|look|google)(?: spotify)?(?: for| up)?|find(?: me)?|show(?: me)?|list)",
    r"(?: (?:the|all|some|any))?",
    r"(?: (?:songs?|tracks?|music|results)(?: (?:by|from|of|called|about|for|with|named))?)? (?P<query>.+)",
)
CHOICE = _shape(
    r"(?:(?:play|queue|take|i (?:want|meant|mean)|try|give me) )?(?:the )?",
    rf"(?P<which>{'|'.join(ORDINALS)})(?: (?:one|song|option|choice))?",
    r"|(?:(?:play|take|option|choice) )?(?:number|no\.?|#|option|nr\.?) ?(?P<number>[1-9])",
)
MORE = _shape(
    r"(?:(?:play |give me |queue )?(?:something|anything) (?:else|different)",
    r"|(?:play |queue )?(?:another|one more)(?: (?:one|song|track))?",
    r"|more(?: (?:like (?:this|that|it)|of (?:this|that|the same)))?",
    r"|(?:play |queue )?(?:more|something|another(?: one)?) like (?:this|that|it)",
    r"|similar|not (?:that|this)(?: one)?)",
)
AGAIN = _shape(
    r"(?:play )?(?:it|that|this|that one|the song|that song|this song) (?:again|once more|one more time)",
    r"|(?:play )?again|once more|replay|encore",
)
ANYTHING = _shape(r"(?:surprise me|music|something|anything|whatever|whatever you like|some music)")
BEYOND = _shape(
    r".*\b(?:playlists?|shuffle|on repeat|repeat|loop|(?:other|which|my) (?:device|speaker)s?|"
    r"(?:like|save) (?:this|that) song)\b.*"
)
SOMETHING_MISSPELT = _shape(r"\b(?:someting|somthing|somethin|sumthing|sometihng|smth|sth)\b")
REPEATED_LETTER = re.compile(r"(.)\1{3,}")
