"""What a secret looks like: patterns as data, each with the substrings that make trying it worthwhile.

A substring test costs a fraction of a regular expression and, unlike the fast engines in C or Rust, never gives
up the interpreter's lock (5–9 ms beside a busy thread). Quantifiers are bounded, so matching is linear.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class SecretPattern(NamedTuple):
    """One kind of secret. `secret_group` of the match is what gets masked; 0 is all of it."""

    kind: str
    hints: tuple[str, ...]
    """Lower-case: they are looked for in the lower-cased text."""
    pattern: re.Pattern[str]
    secret_group: int = 0


_NAMED = (
    r"(?ia)(?:api[_-]?key|x-api-key|authorization|client[_-]?secret|access[_-]?token|refresh[_-]?token|"
    r"id[_-]?token|auth[_-]?token|session[_-]?key|passw(?:or)?d|private[_-]?key|secret[_-]?key)"
    r"[\"'\\]{0,3}\s{0,3}[:=]\s{0,3}[\"'\\]{0,3}(?:(?:bearer|basic|token)\s{1,3})?"
    r"([^\s\"'\\,;&<>{}\[\]()]{6,4096})"
)
_NAMED_HINTS = ("key", "authorization", "secret", "token", "passw")

PATTERNS: tuple[SecretPattern, ...] = (
    SecretPattern("api_key", ("sk-", "sk_"), re.compile(r"(?a)\bsk[-_][A-Za-z0-9_-]{16,512}")),
    SecretPattern("bearer_token", ("bearer",), re.compile(r"(?ia)\bbearer\s{1,3}([A-Za-z0-9._~+/=-]{8,8192})"), 1),
    SecretPattern("jwt", ("eyj",), re.compile(r"(?a)\beyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{2,8192}(?:\.[A-Za-z0-9_-]{0,8192}){0,3}")),
    SecretPattern("google_key", ("aiza", "ya29."), re.compile(r"(?a)\b(?:AIza[0-9A-Za-z_-]{30,64}|ya29\.[0-9A-Za-z_-]{16,2048})")),
    SecretPattern(
        "url_key",
        ("key=", "token=", "secret=", "sig=", "signature=", "password=", "code="),
        re.compile(r"(?ia)[?&](?:[a-z0-9_.-]{0,40}(?:key|token|secret|signature|sig|password)|code)=([^&\s\"'#<>\\]{6,4096})"),
        1,
    ),
    SecretPattern("url_password", ("@",), re.compile(r"(?ia)[a-z][a-z0-9+.-]{1,20}://[^/\s:@\"']{0,256}:([^/\s@\"']{1,256})@"), 1),
    SecretPattern("github_token", ("ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_"), re.compile(r"(?a)\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255})")),
    SecretPattern("aws_key", ("akia", "asia"), re.compile(r"(?a)\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    SecretPattern("slack_token", ("xox",), re.compile(r"(?a)\bxox[abeoprs]-[A-Za-z0-9-]{10,255}")),
    SecretPattern("spotify_token", ("bq", "aq"), re.compile(r"(?a)\b[AB]Q[A-Za-z0-9_-]{60,512}")),
    SecretPattern("private_key", ("private key-----",), re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.{1,16384}?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)", re.DOTALL)),
    SecretPattern("named_secret", _NAMED_HINTS, re.compile(_NAMED), 1),
)  # fmt: skip

EMAIL = SecretPattern(
    "email",
    ("@",),
    re.compile(r"(?a)\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,6}\.[A-Za-z]{2,24}\b"),
)

SECRET_KEY = re.compile(
    r"(?i)(?:proxy-)?authorization|(?:x-)?api[_-]?key|x-goog-api-key|(?:set-)?cookie|passw(?:or)?d|"
    r"client[_-]?secret|(?:access|refresh|id|auth|session|bearer|csrf|xsrf|x-csrf)[_-]?token|secret|token|"
    r"private[_-]?key|secret[_-]?key|session[_-]?key|credentials?"
)
"""Names of dictionary keys whose whole text value is a secret, whatever it looks like."""


def masked(kind: str) -> str:
    """What stands in a secret's place."""
    return f"[masked {kind}]"
