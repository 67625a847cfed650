"""Running code to records: never raises, never waits."""

from llmlog.capture.interaction import Interaction
from llmlog.capture.pseudonyms import PseudonymKeys, Pseudonyms
from llmlog.capture.recorder import Recorder

__all__ = ["Interaction", "PseudonymKeys", "Pseudonyms", "Recorder"]
