"""Whether bytes can hold a secret, decided in microseconds: a "no" is right, a "yes" only a suspicion.

Looking for a rare byte is several times faster than looking for a word. So the text is taken apart twice, each
time in one pass: once without quotes, spaces, hyphens and underscores, which leaves a secret's name standing right
before its colon; once without its small letters, which leaves few bytes to look for capitals and signs in.
"""

from __future__ import annotations

import re
import string
from typing import Final

_FOLDED: Final = bytes.maketrans(string.ascii_uppercase.encode() + b"=", string.ascii_lowercase.encode() + b":")
_BETWEEN: Final = b"\"'\\-_ \t\r\n\x0b\x0c"
"""What may stand within a secret's name, or between it and its colon."""
_COMMON: Final = string.ascii_lowercase.encode() + b" \n"
"""What most of any text consists of: without it, few bytes are left to look at."""
_NAMES: Final = (
    b"apikey", b"authorization", b"clientsecret", b"accesstoken", b"refreshtoken", b"idtoken", b"authtoken",
    b"sessionkey", b"password", b"passwd", b"privatekey", b"secretkey",
)  # fmt: skip

_BEFORE_HYPHEN: Final = (b"sk", b"xoxa", b"xoxb", b"xoxe", b"xoxo", b"xoxp", b"xoxr", b"xoxs", b"PRIVATE KEY")
_BEFORE_UNDERSCORE: Final = (b"sk", b"ghp", b"gho", b"ghu", b"ghs", b"ghr", b"github")
_HYPHENATED: Final = re.compile(rb"sk-[A-Za-z0-9_-]{16}|xox[abeoprs]-|PRIVATE KEY-----")
_UNDERSCORED: Final = re.compile(rb"sk_[A-Za-z0-9_-]{16}|gh[pousr]_[A-Za-z0-9]{20}|github_pat_")
_AFTER_Q: Final = re.compile(rb"[AB]Q[A-Za-z0-9_-]{60}")
_IN_URL: Final = re.compile(rb"(?i)(?:key|token|secret|signature|sig|password|code)=")
_USER_INFO: Final = re.compile(rb"://[^/\s:@\"']{0,256}:[^/\s@\"']{1,256}@")
_EMAIL: Final = re.compile(rb"[A-Za-z0-9-]@[A-Za-z0-9-]")


def looks_secret(data: bytes) -> bool:
    """Whether any pattern of secrets.py can match in these UTF-8 bytes."""
    folded = data.translate(_FOLDED, _BETWEEN)
    if b"bearer" in folded or _ends_part(folded, b":", _NAMES):
        return True
    rare = data.translate(None, _COMMON)
    return _prefixed(data, rare) or _in_address(data, rare)


def looks_like_email(data: bytes) -> bool:
    """Whether an e-mail address can be among these bytes."""
    return b"@" in data and _EMAIL.search(data) is not None


def _prefixed(data: bytes, rare: bytes) -> bool:
    """Keys and tokens that are known by how they begin."""
    if b"-" in rare and _ends_part(data, b"-", _BEFORE_HYPHEN) and _HYPHENATED.search(data):
        return True
    if b"_" in rare and _ends_part(data, b"_", _BEFORE_UNDERSCORE) and _UNDERSCORED.search(data):
        return True
    if b"AKIA" in rare or b"ASIA" in rare or (b"AI" in rare and b"AIza" in data):
        return True
    if (b"J" in rare and b"eyJ" in data) or (b"29" in rare and b"ya29." in data):
        return True
    return b"Q" in rare and _AFTER_Q.search(data) is not None


def _in_address(data: bytes, rare: bytes) -> bool:
    """Keys and passwords in URLs."""
    if b"=" in rare and _IN_URL.search(data):
        return True
    return b"@" in rare and _USER_INFO.search(data) is not None


def _ends_part(data: bytes, separator: bytes, endings: tuple[bytes, ...]) -> bool:
    """Whether one of the endings stands right before a separator."""
    parts = data.split(separator)
    parts.pop()
    for part in parts:  # noqa: SIM110 - any() over a generator takes twice as long
        if part.endswith(endings):
            return True
    return False
