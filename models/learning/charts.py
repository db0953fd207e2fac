"""Draws the charts of a training report as SVG: intervals, bars, predicted against true, ranges of time. No scripts, no fonts."""

from collections.abc import Sequence
from html import escape
from typing import Final

from models.learning.evaluation import CalibrationBin, InputSummary, Range
from schemas.model_cards import MetricValue

WIDTH: Final = 640
LABELS: Final = 170
ROW: Final = 26
INK, BLUE, GREY, PALE = "#222", "#1f6fb4", "#888", "#c8d8e8"


def intervals(rows: Sequence[tuple[str, MetricValue]], title: str) -> str:
    """One row for each model: a dot at the value, a bar from the low to the high end of its interval."""
    ends = [end for _, each in rows for end in (each.value, each.low, each.high) if end is not None]
    scale = _Scale(min(ends), max(ends), LABELS, WIDTH - 70)
    parts = []
    for place, (name, each) in enumerate(rows):
        y = place * ROW + ROW / 2
        colour = BLUE if place == 0 else GREY
        parts.append(_text(LABELS - 10, y + 4, name, "end"))
        if each.low is not None and each.high is not None:
            low, high = scale.at(each.low), scale.at(each.high)
            parts.append(f'<line x1="{low}" x2="{high}" y1="{_n(y)}" y2="{_n(y)}" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<circle cx="{scale.at(each.value)}" cy="{_n(y)}" r="5" fill="{colour}"/>')
        parts.append(_text(WIDTH - 60, y + 4, f"{each.value:.4g}", "start"))
    return _svg(parts, WIDTH, len(rows) * ROW, title)


def importances(inputs: Sequence[InputSummary], title: str, most: int = 15) -> str:
    """A bar for each input, the most important first."""
    chosen = sorted(inputs, key=lambda each: (-each.importance, each.name))[:most]
    longest = max((each.importance for each in chosen), default=0.0) or 1.0
    parts = []
    for place, each in enumerate(chosen):
        y, length = place * ROW, each.importance / longest * (WIDTH - LABELS - 80)
        parts.append(_text(LABELS - 10, y + 17, each.name, "end"))
        parts.append(f'<rect x="{LABELS}" y="{y + 5}" width="{_n(length)}" height="{ROW - 10}" fill="{BLUE}"/>')
        parts.append(_text(LABELS + length + 6, y + 17, f"{each.importance:.1%}", "start"))
    return _svg(parts, WIDTH, len(chosen) * ROW, title)


def agreement(
    bins: Sequence[CalibrationBin], points: Sequence[tuple[float, float]], axes: tuple[str, str], title: str
) -> str:
    """Rows of the later range as small dots, means of ten bins as large ones; on the diagonal prediction and truth agree."""
    size, margin = 360, 50
    both = [end for each in bins for end in (each.predicted, each.true)] + [end for point in points for end in point]
    across = _Scale(min(both), max(both), margin, size - 10)
    up = _Scale(min(both), max(both), size - margin, 10)
    low, high = min(both), max(both)
    parts = [
        f'<line x1="{across.at(low)}" y1="{up.at(low)}" x2="{across.at(high)}" y2="{up.at(high)}" stroke="{GREY}" '
        'stroke-dasharray="4 4"/>'
    ]
    parts += [f'<circle cx="{across.at(x)}" cy="{up.at(y)}" r="2" fill="{PALE}"/>' for x, y in points]
    parts += [
        f'<circle cx="{across.at(each.predicted)}" cy="{up.at(each.true)}" r="5" fill="{BLUE}"/>' for each in bins
    ]
    for end in (low, high):
        parts.append(_text(float(across.at(end)), size - margin + 18, f"{end:.3g}", "middle"))
        parts.append(_text(margin - 8, float(up.at(end)) + 4, f"{end:.3g}", "end"))
    parts.append(_text((size + margin) / 2, size - 12, axes[0], "middle"))
    parts.append(f'<g transform="rotate(-90 14 {size / 2})">{_text(14, size / 2, axes[1], "middle")}</g>')
    return _svg(parts, size, size, title)


def ranges(parts_of_data: Sequence[Range], title: str) -> str:
    """The three ranges one after the other, by their share of the rows."""
    total = sum(each.rows for each in parts_of_data)
    parts, left = [], 0.0
    for each, colour in zip(parts_of_data, (PALE, GREY, BLUE), strict=True):
        width = each.rows / total * WIDTH
        parts.append(f'<rect x="{_n(left)}" y="0" width="{_n(width)}" height="24" fill="{colour}"/>')
        parts.append(_text(left + 4, 42, f"{each.name}: {each.rows:,}", "start"))
        left += width
    return _svg(parts, WIDTH, 50, title)


class _Scale:
    """Maps values to positions, as text with one digit after the point: the same on every machine."""

    def __init__(self, low: float, high: float, first: float, last: float) -> None:
        self._low, self._span = low, (high - low) or 1.0
        self._first, self._last = first, last

    def at(self, value: float) -> str:
        return _n(self._first + (value - self._low) / self._span * (self._last - self._first))


def _n(value: float) -> str:
    return f"{value:.1f}"


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" fill="{INK}">{escape(text)}</text>'


def _svg(parts: Sequence[str], width: int, height: int, title: str) -> str:
    label = escape(title, quote=True)
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="{label}" '
        f'font-family="sans-serif" font-size="12"><title>{escape(title)}</title>{"".join(parts)}</svg>'
    )
