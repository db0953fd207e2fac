"""Parses regular expressions: the part of RE2's syntax without \\b, flags within, and named classes.

No backreferences and no lookarounds exist in it, so that every pattern can be matched in time linear in the text.
"""

from typing import Any, Final, NamedTuple

from models.rules.expressions.case_folding import same_letters_within

MAX_PATTERN: Final = 500
"""Characters of a pattern."""

MAX_GROUPS: Final = 20
"""Levels of groups in each other."""

MAX_REPEATS: Final = 100
"""Largest number in braces."""

Ranges = tuple[tuple[int, int], ...]

_LAST: Final = 0x10FFFF
_DIGIT: Final[Ranges] = ((48, 57),)
_WORD: Final[Ranges] = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE: Final[Ranges] = ((9, 10), (12, 13), (32, 32))
_CLASSES: Final[dict[str, Ranges]] = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_CONTROLS: Final = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "a": 7}
_REFUSED: Final = {
    "b": "\\b is not part of the rules' CEL",
    "B": "\\B is not part of the rules' CEL",
    "p": "\\p is not part of the rules' CEL",
    "P": "\\P is not part of the rules' CEL",
    "C": "\\C is not part of the rules' CEL",
    "Q": "\\Q is not part of the rules' CEL",
}


class PatternError(ValueError):
    """A pattern that cannot be used; the message says at which of its characters, and why."""


class Piece(NamedTuple):
    """A part of a pattern. Kinds: chars (`of` ranges), sequence, choice, repeat (`of` piece, least, most), begin, end."""

    kind: str
    of: Any = ()


def parse_pattern(pattern: str) -> Piece:
    """Raises `PatternError`.

    >>> parse_pattern("a|^")
    Piece(kind='choice', of=(Piece(kind='chars', of=((97, 97),)), Piece(kind='begin', of=())))
    """
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"has {len(pattern)} characters; {MAX_PATTERN} are allowed")
    ignores_case = pattern.startswith("(?i)")
    parser = _PatternParser(pattern, 4 if ignores_case else 0, ignores_case)
    piece = parser.choice(0)
    if parser.at < len(pattern):
        raise parser.problem("a ) without a (")
    return piece


def negated(ranges: Ranges) -> Ranges:
    result: list[tuple[int, int]] = []
    start = 0
    for low, high in sorted(ranges):
        if low > start:
            result.append((start, low - 1))
        start = max(start, high + 1)
    if start <= _LAST:
        result.append((start, _LAST))
    return tuple(result)


class _PatternParser:
    def __init__(self, pattern: str, at: int, ignores_case: bool) -> None:
        self._pattern = pattern
        self.at = at
        self._ignores_case = ignores_case

    def problem(self, text: str) -> PatternError:
        return PatternError(f"character {self.at + 1}: {text}")

    def _peek(self) -> str:
        return self._pattern[self.at : self.at + 1]

    def _take(self) -> str:
        character = self._peek()
        if not character:
            raise self.problem("the pattern ends too early")
        self.at += 1
        return character

    def choice(self, level: int) -> Piece:
        if level > MAX_GROUPS:
            raise self.problem(f"more than {MAX_GROUPS} groups in each other")
        ways = [self._sequence(level)]
        while self._peek() == "|":
            self.at += 1
            ways.append(self._sequence(level))
        return ways[0] if len(ways) == 1 else Piece("choice", tuple(ways))

    def _sequence(self, level: int) -> Piece:
        pieces: list[Piece] = []
        while self._peek() and self._peek() not in "|)":
            pieces.append(self._repeated(self._atom(level)))
        return pieces[0] if len(pieces) == 1 else Piece("sequence", tuple(pieces))

    def _repeated(self, piece: Piece) -> Piece:
        bounds = self._quantifier()
        if bounds is None:
            return piece
        if self._peek() == "?":
            # Which of several matches is taken does not matter here.
            self.at += 1
        if self._quantifier() is not None:
            raise self.problem("a quantifier after a quantifier")
        return Piece("repeat", (piece, *bounds))

    def _quantifier(self) -> tuple[int, int | None] | None:
        sign = self._peek()
        if sign and sign in "*+?":
            self.at += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        return self._counted() if sign == "{" else None

    def _counted(self) -> tuple[int, int | None] | None:
        end = self._pattern.find("}", self.at)
        low, comma, high = self._pattern[self.at + 1 : end].partition(",") if end > 0 else ("", "", "")
        if not (low.isascii() and low.isdigit() and (not high or (high.isascii() and high.isdigit()))):
            return None  # A brace that counts nothing is a brace.
        least, most = int(low[:9]), (int(high[:9]) if high else None) if comma else int(low[:9])
        if least > MAX_REPEATS or (most is not None and (most > MAX_REPEATS or most < least)):
            raise self.problem(f"repeats from {low} to {high or low}; up to {MAX_REPEATS} are allowed")
        self.at = end + 1
        return least, most

    def _atom(self, level: int) -> Piece:
        character = self._take()
        match character:
            case "(":
                self._group()
                piece = self.choice(level + 1)
                if self._peek() != ")":
                    raise self.problem("a ( without a )")
                self.at += 1
                return piece
            case "[":
                return Piece("chars", self._set())
            case ".":
                return Piece("chars", negated(((10, 10),)))
            case "^":
                return Piece("begin")
            case "$":
                return Piece("end")
            case "*" | "+" | "?":
                self.at -= 1
                raise self.problem(f"{character} has nothing to repeat")
            case "\\":
                return self._escape()
        return Piece("chars", self._either_case(((ord(character), ord(character)),)))

    def _group(self) -> None:
        if self._peek() != "?":
            return
        self.at += 1
        if self._peek() == ":":
            self.at += 1
            return
        if self._pattern.startswith("P<", self.at) and ">" in self._pattern[self.at :]:
            self.at = self._pattern.index(">", self.at) + 1
            return
        raise self.problem("of the groups with (? there are (?:…) and, at the beginning, (?i)")

    def _escape(self) -> Piece:
        letter = self._take()
        if letter == "A":
            return Piece("begin")
        if letter == "z":
            return Piece("end")
        return Piece("chars", self._either_case(self._escaped(letter)))

    def _escaped(self, letter: str) -> Ranges:
        if letter.lower() in _CLASSES:
            ranges = self._either_case(_CLASSES[letter.lower()])
            return ranges if letter.islower() else negated(ranges)
        if letter in _CONTROLS:
            return ((_CONTROLS[letter], _CONTROLS[letter]),)
        if letter == "x":
            return self._hexadecimal()
        if letter in _REFUSED:
            raise self.problem(_REFUSED[letter])
        if letter.isdigit():
            raise self.problem("backreferences are not part of the rules' CEL")
        if letter.isalpha() or not letter.isascii():
            raise self.problem(f"the escape \\{letter} is not known")
        return ((ord(letter), ord(letter)),)

    def _hexadecimal(self) -> Ranges:
        if self._peek() == "{" and "}" in self._pattern[self.at :]:
            end = self._pattern.index("}", self.at)
            digits, after = self._pattern[self.at + 1 : end], end + 1
        else:
            digits, after = self._pattern[self.at : self.at + 2].ljust(2, "?"), self.at + 2
        code = (
            int(digits, 16) if 0 < len(digits) < 9 and all(each in "0123456789abcdefABCDEF" for each in digits) else -1
        )
        if not 0 <= code <= _LAST:
            raise self.problem("\\x takes two digits to base 16, or some in braces")
        self.at = after
        return ((code, code),)

    def _set(self) -> Ranges:
        is_negated = self._peek() == "^"
        if is_negated:
            self.at += 1
        ranges: list[tuple[int, int]] = []
        is_first = True
        while is_first or self._peek() != "]":
            is_first = False
            low = self._member()
            if self._peek() == "-" and self._pattern[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                high = self._member()
                if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1] or high[0][1] < low[0][0]:
                    raise self.problem("a range in [ ] goes from one character to a later one")
                ranges.append((low[0][0], high[0][1]))
            else:
                ranges.extend(low)
        self.at += 1
        found = self._either_case(tuple(ranges))
        return negated(found) if is_negated else found

    def _member(self) -> Ranges:
        character = self._take()
        if character == "[" and self._peek() == ":":
            raise self.problem("named classes such as [:alpha:] are not part of the rules' CEL")
        return self._escaped(self._take()) if character == "\\" else ((ord(character), ord(character)),)

    def _either_case(self, ranges: Ranges) -> Ranges:
        """Letters count in both cases, where the pattern begins with (?i)."""
        if not self._ignores_case:
            return ranges
        return (*ranges, *(each for low, high in ranges for each in same_letters_within(low, high)))
