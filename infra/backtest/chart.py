"""Draws a back-test as SVG: the proposals of each tested rule by minute, and how many readers each rule reached."""

from html import escape
from typing import Final

from infra.backtest.report import Backtest, RuleBacktest

LEFT, WIDTH, ROW, TIMELINE = 220, 480, 26, 60
TESTED, OTHER = "#c2410c", "#94a3b8"
MINUTE_MS: Final = 60_000


def draw(found: Backtest, title: str) -> str:
    """Returns the picture; `title` says what was tested on what."""
    parts: list[str] = []
    y = 56
    for name, minutes in found.per_minute.items():
        parts.append(_timeline(name, minutes, y))
        y += TIMELINE + 44
    parts.append(
        _text(
            20,
            y + 4,
            "Whom each rule reached, as a share of all readers; of content items the number alone",
            weight=600,
        )
    )
    y += 18
    for each in found.rules:
        parts.append(_bar(each, y))
        y += ROW
    note = f"{found.readers} readers, {found.reader_hours:.1f} reader-hours, {found.events} events; microadjust rules backtest"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {y + 40}" width="760" height="{y + 40}" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="#334155"><rect width="760" height="{y + 40}" fill="white"/>'
        + _text(20, 30, title, weight=600, size=15)
        + "".join(parts)
        + _text(20, y + 26, note, size=11)
        + "</svg>\n"
    )


def _timeline(name: str, minutes: list[tuple[int, int]], y: int) -> str:
    label = _text(20, y, f"{name}: proposals by minute", weight=600)
    axis = f'<line x1="20" x2="740" y1="{y + 14 + TIMELINE}" y2="{y + 14 + TIMELINE}" stroke="#cbd5e1"/>'
    if not minutes:
        return label + axis + _text(20, y + 50, "none")
    first, last = minutes[0][0], minutes[-1][0]
    slots, most = (last - first) // MINUTE_MS + 1, max(count for _, count in minutes)
    wide = 720 / max(slots, 10)
    bars = "".join(
        f'<rect x="{20 + (at_ms - first) // MINUTE_MS * wide:.1f}" width="{max(1.0, wide - 1):.1f}" '
        f'y="{y + 14 + TIMELINE * (1 - count / most):.1f}" height="{TIMELINE * count / most:.1f}" fill="{TESTED}"/>'
        for at_ms, count in minutes
    )
    return label + axis + bars + _text(20, y + TIMELINE + 28, f"{slots} min, at most {most} a minute", size=11)


def _bar(each: RuleBacktest, y: int) -> str:
    share = each.share_of_readers or 0.0
    width = max(1.0, WIDTH * min(share, 1.0))
    known = "" if each.share_of_readers is None else f"{share:.1%}, "
    text = f"{known}{each.readers} reached, {each.fired} of {each.proposals} proposals fired"
    inside = width > WIDTH / 2
    return (
        _text(LEFT - 8, y + 15, each.rule, anchor="end")
        + f'<rect x="{LEFT}" y="{y + 1}" width="{width:.1f}" height="18" rx="3" fill="{TESTED if each.is_tested else OTHER}"/>'
        + _text(
            LEFT + width - 6 if inside else LEFT + width + 6,
            y + 15,
            text,
            anchor="end" if inside else "start",
            fill="white" if inside else "#334155",
        )
    )


def _text(
    x: float, y: float, text: str, *, weight: int = 400, size: int = 13, anchor: str = "start", fill: str = "#334155"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-weight="{weight}" font-size="{size}" text-anchor="{anchor}" fill="{fill}">'
        f"{escape(text)}</text>"
    )
