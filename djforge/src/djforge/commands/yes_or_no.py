"""Whether what a person typed is a plain yes or a plain no."""

from __future__ import annotations

YES = frozenset(
    {"yes", "y", "yeah", "yep", "yup", "sure", "ok", "okay", "do it", "go ahead", "yes please", "please do"}
    | {"right", "correct", "ja", "oui", "sí", "si"}
)
NO = frozenset(
    {"no", "n", "nope", "nah", "no thanks", "no thank you", "don't", "do not", "cancel", "never mind"}
    | {"nein", "non", "nej"}
)


def yes_or_no(text: str) -> bool | None:
    """True for a yes, False for a no, None for everything else."""
    words = " ".join(text.casefold().replace("’", "'").strip(" .!,").replace(",", " ").split())
    if words in YES:
        return True
    return False if words in NO else None
