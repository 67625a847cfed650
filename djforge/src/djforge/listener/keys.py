"""Every Redis key of DJ Forge, its type and its meaning.

| key | type | holds | expires |
|---|---|---|---|
| `djforge:session:{hash}` | string, sealed | who is signed in, since when | idle limit, at most the absolute one |
| `djforge:tokens:{hash}` | string, sealed | that session's Spotify tokens | with the session |
| `djforge:signin:{hash}` | string, sealed | PKCE verifier and way back of a sign-in under way | 5 min, read once |
| `djforge:pending:{hash}` | string, sealed | the action a person was asked about | 10 min, read once |
| `djforge:conv:{pseudonym}` | list, newest first | the 8 newest turns of a conversation, sealed | 30 days |
| `djforge:model:{pseudonym}` | string, sealed | the model a person chose | 90 days after its last use |
| `user:profile:{pseudonym}` | string, sealed | Spotify's profile of a person | 3600 s |

`{hash}` is the SHA-256 of a random id that only the person's browser has; `{pseudonym}` a keyed pseudonym of
the Spotify id. No key and no value tells who somebody is.
"""

from __future__ import annotations

from hashlib import sha256

IDLE_S = 12 * 3600
ABSOLUTE_S = 7 * 24 * 3600
SIGN_IN_S = 300
PENDING_S = 600
CONVERSATION_S = 30 * 24 * 3600
PROFILE_S = 3600
MODEL_S = 90 * 24 * 3600


def hashed(secret_id: str) -> str:
    """What may be stored of an id that opens something."""
    return sha256(secret_id.encode()).hexdigest()


def session(session_hash: str) -> str:
    """Who is signed in."""
    return f"djforge:session:{session_hash}"


def tokens(session_hash: str) -> str:
    """A session's Spotify tokens."""
    return f"djforge:tokens:{session_hash}"


def sign_in(state: str) -> str:
    """A sign-in under way, by OAuth's `state`."""
    return f"djforge:signin:{hashed(state)}"


def pending(session_hash: str) -> str:
    """What a session was asked."""
    return f"djforge:pending:{session_hash}"


def conversation(pseudonym: str) -> str:
    """A person's newest turns."""
    return f"djforge:conv:{pseudonym}"


def model(pseudonym: str) -> str:
    """The model a person chose."""
    return f"djforge:model:{pseudonym}"


def profile(pseudonym: str) -> str:
    """Spotify's profile of a person."""
    return f"user:profile:{pseudonym}"
