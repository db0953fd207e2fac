"""Derives session ids that cannot be guessed from ids that can: mail addresses, numbers, clock readings, user ids."""

import hmac
import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from infra.gateway.auth.key_permissions import Level

MIN_SECRET_CHARS: Final = 20
"""Of an id that is a secret as a whole, `~` included: 19 letters and digits are 98 bits."""

_SECRET: Final = re.compile(rf"[0-9a-z]{{25}}|~[0-9A-Za-z_-]{{{MIN_SECRET_CHARS - 1},63}}")
"""The tracker's ids, which are 25 random letters and digits, or anything that says of itself that it is a secret."""

_SEPARATORS: Final = re.compile(r"[\s+\-.,:;_/()#TZtz]+")
_CLOCK: Final = re.compile(r"(?<!\d)1\d{9}(?:\d{3}|\d{6}|\d{9})?(?!\d)")
"""Seconds, milliseconds, microseconds or nanoseconds since 1970, in the years 2001 to 2033."""

_DATE: Final = re.compile(r"(?<!\d)20\d\d[-/.]?[01]\d[-/.]?[0-3]\d")
_MAX_DECORATION: Final = 10
"""A clock reading with fewer further letters and digits is still one; an id with more is taken to be random."""

_CLOCK_S: Final = (1_577_836_800, 2_208_988_800)
"""The years 2020 to 2039."""

_POWER: Final = re.compile(r"[+-]?\d+(?:\.\d*)?[eE][+-]?\d{1,4}")
"""A number with an exponent, as JSON's very large and very small ones are written."""

_NEGATIVE: Final = re.compile(r"-\d[\d.e+-]*")

_NOBODY: Final = frozenset(
    (
        *("", "0", "[]", "{}", "anonymous", "distinct_id", "distinctid", "email", "false", "guest", "id", "nan"),
        *("nil", "none", "not_authenticated", "null", "true", "undefined", "unknown"),
    )
)
"""Texts that mistakes of a site's call send instead of a user, as collectors of the field list them."""

_CODE: Final = re.compile(r"^(?:async )?function\b|=>|^\[object ")
_DATE_IN_WORDS: Final = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)\w*,? ")


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """What identifies the reader of a sender that has no session id. The gateway derives one from it.

    It stands in a raw event under `PSEUDONYM`, where no JSON can put it.
    """

    parts: tuple[str, ...]
    is_guessable: bool = True
    """False for an id that a client made up at random, as Segment's anonymousId."""


PSEUDONYM: Final = "pseudonym"


def names_nobody(text: str) -> bool:
    """Whether a user id is the text of a mistake, which would make one person of all readers.

    >>> [names_nobody(each) for each in ("[object Object]", "undefined", "  ", "NaN", "() => id")]
    [True, True, True, True, True]
    >>> [names_nobody(each) for each in ("0", "000", "-1", "-5.5")]
    [True, True, True, True]
    >>> [names_nobody(each) for each in ("tove", "7", "Sunny")]
    [False, False, False]
    """
    plain = text.strip().lower()
    if not plain.strip("0 \t\n") or _NEGATIVE.fullmatch(plain):
        return True
    return plain in _NOBODY or bool(_CODE.search(plain)) or bool(_DATE_IN_WORDS.match(plain))


def is_secret(session_id: str) -> bool:
    """Whether the id is a secret of the client that made it up: it never leaves the gateway.

    >>> is_secret("4k2jz8q0w1e5r7t9y3u6i8o0p"), is_secret("~4k2jz8q0w1e5r7t9y3u6"), is_secret("anna"), is_secret("~anna")
    (True, True, False, False)
    """
    return _SECRET.fullmatch(session_id) is not None


def is_guessable(session_id: str) -> bool:
    """Whether the id is a mail address, a number, a clock reading, or the text of a mistake.

    >>> [is_guessable(each) for each in ("alice@example.com", "+49 30 1234567", "1795341600123", "sess-1795341600.1")]
    [True, True, True, True]
    >>> [is_guessable(each) for each in ("2026-11-28T07:52:00Z", "69293f10", "mim0ay2c", "undefined", "~short")]
    [True, True, True, True, True]
    >>> [is_guessable(each) for each in ("kiosk-4", "3f2b8c1e-17cd-4fd0-9d5c-1795341600aa", "x7Kq02mVbn1795341600")]
    [False, False, False]
    """
    if "@" in session_id or "%40" in session_id or session_id.startswith("~") or names_nobody(session_id):
        return True
    if _SEPARATORS.sub("", session_id).isnumeric() or _POWER.fullmatch(session_id):
        return True
    for pattern in (_CLOCK, _DATE):
        rest, found = pattern.subn("", session_id)
        if found and sum(char.isalnum() for char in rest) < _MAX_DECORATION:
            return True
    return _is_clock_in_letters(session_id)


def _is_clock_in_letters(session_id: str) -> bool:
    """Whether it is a clock reading to the base 16 or 36."""
    if not session_id.isascii() or not session_id.isalnum() or not 6 <= len(session_id) <= 11:
        return False
    if not any(char.isdigit() for char in session_id):
        return False
    readings = [int(session_id, 36)]
    if all(char in "0123456789abcdefABCDEF" for char in session_id):
        readings.append(int(session_id, 16))
    first_s, last_s = _CLOCK_S
    return any(first_s * unit <= each < last_s * unit for each in readings for unit in (1, 1000))


class SessionIds:
    """Derives ids by a keyed hash of the source and of what the sender has: `s_<source>_<hash>`.

    The source's own part lets a server name a session of its source, and no other.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._prefixes: dict[str, str] = {}

    def derive(self, source: str, level: Level | None, *parts: str) -> str:
        """Returns the id. `level` is None for parts that only their owner knows, whoever sends them."""
        # As JSON with escapes, so that no two lists of parts read alike and unpaired surrogates are no error.
        text = json.dumps([source, level, *parts])
        return self._prefix(source) + hmac.digest(self._secret, text.encode(), sha256).hex()[:40]

    def address_digest(self, address: str) -> str:
        """Returns what stands for an address where only sameness counts: Redis keeps no whole addresses."""
        return hmac.digest(self._secret, b"address\0" + address.encode("utf-8", "replace"), sha256).hex()[:16]

    def is_of(self, session_id: str, source: str) -> bool:
        """Whether the id was derived for this source."""
        return session_id.startswith(self._prefix(source))

    def _prefix(self, source: str) -> str:
        prefix = self._prefixes.get(source)
        if prefix is None:
            tag = hmac.digest(self._secret, b"source\0" + source.encode("utf-8", "surrogatepass"), sha256).hex()[:8]
            prefix = self._prefixes[source] = f"{DERIVED}{tag}_"
        return prefix


DERIVED: Final = "s_"
"""Every derived id begins so, and no id that was not derived."""
