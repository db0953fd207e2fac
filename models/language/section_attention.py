"""Which sections of an item its readers pass quickly again and again, and which hold them: counts by section that fade."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

MAX_SECTIONS: Final = 50
"""Sections of an item that are counted; of more, those that were seen first, by name within a minute."""

MAX_READERS: Final = 1_000
"""Readers of a section after which all counts of the item are halved, so that old ones fade."""

FORGET_MS: Final = 24 * 3_600_000
"""Without readers for a day the counts begin anew: the text may be another one."""

MIN_WORDS: Final = 30
"""A section of fewer words is read in passing."""

MIN_READERS: Final = 10
"""Readers of a section below which it is compared with no other."""


class SectionMinute(NamedTuple):
    """One minute of one section: readers who had it in view, those of them who passed it quickly, and the time of all."""

    end_ms: int
    readers: int
    passers: int
    seen_ms: int
    content_id: str
    content_type: str | None
    section: str


class SectionCounts(Struct, array_like=True):
    """Sums over minutes: a reader who stays for two minutes counts twice."""

    readers: int = 0
    passers: int = 0
    seen_ms: int = 0


class Attention(NamedTuple):
    """What stands out among the sections of an item. None where too few are known to compare."""

    passed: str
    """The section that the greatest share of its readers passes quickly."""
    passed_readers: int
    passed_share: float
    passed_share_elsewhere: float
    held: str
    """The section with most time a reader and word; a reader alone where the words of some are unknown."""
    held_readers: int
    held_by_others: float | None
    """Its time by the mean of the others; None where words are unknown, since a longer section holds longer."""
    by_attention: tuple[str, ...]


class ItemSections(Struct, array_like=True):
    """The counts of one item's sections."""

    end_ms: int = 0
    sections: dict[str, SectionCounts] = {}

    def add(self, minutes: Iterable[SectionMinute]) -> None:
        """Adds minutes in order of their ends and of the sections' names."""
        for each in sorted(minutes, key=lambda minute: (minute.end_ms, minute.section)):
            if each.end_ms - self.end_ms > FORGET_MS:
                self.sections.clear()
            self.end_ms = max(self.end_ms, each.end_ms)
            if each.section not in self.sections and len(self.sections) >= MAX_SECTIONS:
                continue
            counts = self.sections.setdefault(each.section, SectionCounts())
            counts.readers += each.readers
            counts.passers += each.passers
            counts.seen_ms += each.seen_ms
            if counts.readers >= MAX_READERS:
                self._halve()

    def _halve(self) -> None:
        for name, counts in list(self.sections.items()):
            self.sections[name] = SectionCounts(counts.readers // 2, counts.passers // 2, counts.seen_ms // 2)

    def attention(self, words: dict[str, int]) -> Attention | None:
        """What stands out; `words` by section, where they are known. None with fewer than two sections of enough readers."""
        known = {name: each for name, each in sorted(self.sections.items()) if each.readers >= MIN_READERS}
        if len(known) < 2:
            return None
        by_words = all(words.get(name, 0) > 0 for name in known)
        times = {name: each.seen_ms / each.readers / (words[name] if by_words else 1) for name, each in known.items()}
        shares = {
            name: each.passers / each.readers if words.get(name, MIN_WORDS) >= MIN_WORDS else 0.0
            for name, each in known.items()
        }
        passed, held = max(shares, key=lambda name: shares[name]), max(times, key=lambda name: times[name])
        others = _mean([time for name, time in times.items() if name != held])
        return Attention(
            passed,
            known[passed].readers,
            shares[passed],
            _mean([share for name, share in shares.items() if name != passed]),
            held,
            known[held].readers,
            times[held] / others if by_words and others > 0.0 else None,
            tuple(sorted(times, key=lambda name: -times[name])),
        )


def with_minute(pending: Sequence[SectionMinute], minute: SectionMinute) -> list[SectionMinute]:
    """Adds a minute to those that are not over; of one minute the first `MAX_SECTIONS` sections by name stay."""
    same = sorted((*(each for each in pending if each.end_ms == minute.end_ms), minute), key=lambda each: each.section)
    return [*(each for each in pending if each.end_ms != minute.end_ms), *same[:MAX_SECTIONS]]


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)
