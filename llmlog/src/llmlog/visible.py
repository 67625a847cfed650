"""Text that cannot do anything: what would move, hide or colour other text is shown as an escape instead.

For pages and terminals alike: control characters (ANSI escapes, CR, backspace), bidirectional overrides, invisible
characters and lone surrogates become visible.
"""

from __future__ import annotations

import unicodedata

_HARMLESS = frozenset("\n\t")
_HIDING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Co"})
_JOINERS = frozenset("\u200d\ufe0f\ufe0e")
"""Parts of emoji and of some scripts; they hide nothing."""


def visible(text: str, *, one_line: bool = False) -> str:
    """The text with every character that hides or controls as a visible escape.

    one_line: newlines and tabs become visible too, so that one log stays one line.
    """
    if text.isascii() and text.isprintable():
        return text
    harmless = frozenset() if one_line else _HARMLESS
    return "".join(char if char in harmless or _shows(char) else _escape(char) for char in text)


def _shows(char: str) -> bool:
    return char.isprintable() or char in _JOINERS or unicodedata.category(char) not in _HIDING


def _escape(char: str) -> str:
    names = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0", "\x1b": "\\e"}
    code = ord(char)
    return names.get(char) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}")
