"""Words in, intents out."""

from __future__ import annotations

from djforge.interpreter.answer import Answerer
from djforge.interpreter.intents import Intent, Option, Song
from djforge.interpreter.interpretation import Interpretation, Problem, Step
from djforge.interpreter.interpreter import Interpreter
from djforge.interpreter.prompt import PROMPT_VERSION, NowPlaying, Turn

__all__ = [
    "PROMPT_VERSION",
    "Answerer",
    "Intent",
    "Interpretation",
    "Interpreter",
    "NowPlaying",
    "Option",
    "Problem",
    "Song",
    "Step",
    "Turn",
]
