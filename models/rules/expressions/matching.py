"""Matches regular expressions in time linear in the text: Thompson's automaton, made deterministic as it goes.

Source: Thompson (1968), Communications of the ACM 11(6), 419-422.
"""

from functools import lru_cache
from typing import Final

from models.rules.expressions.patterns import PatternError, Piece, Ranges, parse_pattern

MAX_STATES: Final = 2_000
"""States of an automaton: counted repeats are written out."""

_MAX_STEPS: Final = 5_000
"""Steps that are remembered; then they are forgotten, and found anew."""

_CHARS: Final = 0
_SPLIT: Final = 1
_BEGIN: Final = 2
_END: Final = 3
_MATCH: Final = 4


class Pattern:
    """`found_in` says whether some part of a text matches."""

    def __init__(self, pattern: str) -> None:
        self._kinds: list[int] = [_MATCH]
        self._ranges: list[Ranges] = [()]
        self._next: list[tuple[int, ...]] = [()]
        start = self._build(parse_pattern(pattern), 0)
        self._start = self._closure([start], is_begin=False)
        self._first = self._closure([start], is_begin=True)
        self._steps: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    def found_in(self, text: str) -> bool:
        """
        >>> Pattern("^/(buy|cart)/[0-9]+$").found_in("/cart/17")
        True
        """
        states = self._first
        for character in text:
            if 0 in states:
                return True
            after = self._steps.get((states, character))
            states = self._step(states, character) if after is None else after
        return 0 in states or self._ends(states, is_begin=not text)

    def _state(self, kind: int, ranges: Ranges, *following: int) -> int:
        if len(self._kinds) >= MAX_STATES:
            raise PatternError(f"needs more than {MAX_STATES} states; repeat less")
        self._kinds.append(kind)
        self._ranges.append(ranges)
        self._next.append(following)
        return len(self._kinds) - 1

    def _build(self, piece: Piece, after: int) -> int:
        """Adds the states of a piece, which lead to `after`; returns the first."""
        match piece.kind:
            case "chars":
                return self._state(_CHARS, piece.of, after)
            case "begin":
                return self._state(_BEGIN, (), after)
            case "end":
                return self._state(_END, (), after)
            case "choice":
                return self._state(_SPLIT, (), *[self._build(each, after) for each in piece.of])
            case "sequence":
                for each in reversed(piece.of):
                    after = self._build(each, after)
                return after
        repeated, least, most = piece.of
        if most is None:
            loop = self._state(_SPLIT, (), after)
            self._next[loop] = (self._build(repeated, loop), after)
            after = loop
        else:
            end = after
            for _ in range(most - least):
                after = self._state(_SPLIT, (), self._build(repeated, after), end)
        for _ in range(least):
            after = self._build(repeated, after)
        return after

    def _closure(self, states: list[int], is_begin: bool, is_end: bool = False) -> frozenset[int]:
        """All states that are reached without a character."""
        reached: set[int] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state in reached:
                continue
            reached.add(state)
            kind = self._kinds[state]
            if kind == _SPLIT or (kind == _BEGIN and is_begin) or (kind == _END and is_end):
                waiting.extend(self._next[state])
        return frozenset(reached)

    def _step(self, states: frozenset[int], character: str) -> frozenset[int]:
        code = ord(character)
        after: list[int] = []
        for state in states:
            if self._kinds[state] == _CHARS and any(low <= code <= high for low, high in self._ranges[state]):
                after.extend(self._next[state])
        # A match may begin at any character.
        found = self._closure(after, is_begin=False) | self._start
        if len(self._steps) >= _MAX_STEPS:
            self._steps.clear()
        self._steps[states, character] = found
        return found

    def _ends(self, states: frozenset[int], is_begin: bool) -> bool:
        waiting = [state for state in states if self._kinds[state] == _END]
        return bool(waiting) and 0 in self._closure(waiting, is_begin, is_end=True)


@lru_cache(maxsize=1_000)
def compile_pattern(pattern: str) -> Pattern:
    """Raises `PatternError`."""
    return Pattern(pattern)
