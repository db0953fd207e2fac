"""Draws the charts of a training report as SVG: intervals, bars, predicted against true, ranges of time. No scripts, no fonts."""

from collections.abc import Sequence
from html import escape
from typing import Final

from models.learning.chart_scale import Scale, number
from models.learning.evaluation import CalibrationBin, InputSummary, Range
from schemas.model_cards import MetricValue

WIDTH: Final = 640
LABELS: Final = 170
ROW: Final = 26
INK, BLUE, GREY, PALE = "#222", "#1f6fb4", "#888", "#c8d8e8"


def intervals(rows: Sequence[tuple[str, MetricValue]], title: str, wanted: float | None = None) -> str:
    """One row for each model: a dot at the value, a bar from the low to the high end of its interval; a scale below. What is
    `wanted` of the model is a broken line.
    """
    ends = [end for _, each in rows for end in (each.value, each.low, each.high, wanted) if end is not None]
    scale = Scale(min(ends), max(ends), LABELS, WIDTH - 90)
    bottom = len(rows) * ROW
    parts = _axis(scale, bottom)
    if wanted is not None:
        parts.append(
            f'<line x1="{scale.at(wanted)}" x2="{scale.at(wanted)}" y1="0" y2="{bottom + 4}" stroke="{INK}" '
            'stroke-dasharray="4 4"/>'
        )
        parts.append(_text(float(scale.at(wanted)), bottom + 38, f"wanted {wanted:g}", "middle"))
    for place, (name, each) in enumerate(rows):
        y = place * ROW + ROW / 2
        colour = BLUE if place == 0 else GREY
        parts.append(_text(LABELS - 10, y + 4, name, "end"))
        if each.low is not None and each.high is not None:
            low, high = scale.at(each.low), scale.at(each.high)
            parts.append(
                f'<line x1="{low}" x2="{high}" y1="{number(y)}" y2="{number(y)}" stroke="{colour}" stroke-width="3"/>'
            )
        parts.append(f'<circle cx="{scale.at(each.value)}" cy="{number(y)}" r="5" fill="{colour}"/>')
        parts.append(_text(WIDTH - 60, y + 4, f"{each.value:.4g}", "start"))
    return _svg(parts, WIDTH, bottom + (24 if wanted is None else 46), title)


def _axis(scale: Scale, y: int) -> list[str]:
    """A line with ticks and their texts below."""
    ends = scale.at(scale.ticks[0]), scale.at(scale.ticks[-1])
    parts = [f'<line x1="{ends[0]}" x2="{ends[1]}" y1="{y}" y2="{y}" stroke="{GREY}"/>']
    for tick in scale.ticks:
        at = scale.at(tick)
        parts.append(f'<line x1="{at}" x2="{at}" y1="{y}" y2="{y + 4}" stroke="{GREY}"/>')
        parts.append(_text(float(at), y + 18, scale.text(tick), "middle"))
    return parts


def importances(inputs: Sequence[InputSummary], title: str, most: int = 15) -> str:
    """A bar for each input, the most important first."""
    chosen = sorted(inputs, key=lambda each: (-each.importance, each.name))[:most]
    longest = max((each.importance for each in chosen), default=0.0) or 1.0
    parts = []
    for place, each in enumerate(chosen):
        y, length = place * ROW, each.importance / longest * (WIDTH - LABELS - 80)
        parts.append(_text(LABELS - 10, y + 17, each.name, "end"))
        parts.append(f'<rect x="{LABELS}" y="{y + 5}" width="{number(length)}" height="{ROW - 10}" fill="{BLUE}"/>')
        parts.append(_text(LABELS + length + 6, y + 17, f"{each.importance:.1%}", "start"))
    return _svg(parts, WIDTH, len(chosen) * ROW, title)


def agreement(
    bins: Sequence[CalibrationBin],
    points: Sequence[tuple[float, float]],
    axes: tuple[str, str],
    title: str,
    least: float | None = None,
) -> str:
    """Rows of the later range as small dots, means of ten bins as large ones; on the diagonal prediction and truth agree.

    No truth lies below `least`: a prediction below is drawn at it.
    """
    if least is not None:
        # One such dot would begin both axes, which are alike, a whole step lower.
        points = [(max(predicted, least), true) for predicted, true in points]
        bins = [CalibrationBin(max(each.predicted, least), each.true, each.rows) for each in bins]
    width, height, left, right, foot = 440, 400, 80, 40, 50
    both = [end for each in bins for end in (each.predicted, each.true)] + [end for point in points for end in point]
    across = Scale(min(both), max(both), left, width - right)
    up = Scale(min(both), max(both), height - foot, 10)
    first, last = across.ticks[0], across.ticks[-1]
    parts = [
        *_axis(across, height - foot),
        f'<line x1="{left}" x2="{left}" y1="{up.at(first)}" y2="{up.at(last)}" stroke="{GREY}"/>',
        f'<line x1="{across.at(first)}" y1="{up.at(first)}" x2="{across.at(last)}" y2="{up.at(last)}" stroke="{GREY}" '
        'stroke-dasharray="4 4"/>',
    ]
    parts += [f'<circle cx="{across.at(x)}" cy="{up.at(y)}" r="2" fill="{PALE}"/>' for x, y in points]
    parts += [
        f'<circle cx="{across.at(each.predicted)}" cy="{up.at(each.true)}" r="5" fill="{BLUE}"/>' for each in bins
    ]
    parts += [_text(left - 6, float(up.at(tick)) + 4, up.text(tick), "end") for tick in up.ticks]
    parts.append(_text((left + width - right) / 2, height - 12, axes[0], "middle"))
    middle = (height - foot + 10) / 2
    parts.append(f'<g transform="rotate(-90 16 {middle})">{_text(16, middle, axes[1], "middle")}</g>')
    return _svg(parts, width, height, title)


def ranges(parts_of_data: Sequence[Range], title: str) -> str:
    """The three ranges one after the other, by their share of the rows."""
    total = sum(each.rows for each in parts_of_data)
    parts, left = [], 0.0
    for each, colour in zip(parts_of_data, (PALE, GREY, BLUE), strict=True):
        width = each.rows / total * WIDTH
        parts.append(f'<rect x="{number(left)}" y="0" width="{number(width)}" height="24" fill="{colour}"/>')
        parts.append(_text(left + 4, 42, f"{each.name}: {each.rows:,}", "start"))
        left += width
    return _svg(parts, WIDTH, 50, title)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{number(x)}" y="{number(y)}" text-anchor="{anchor}" fill="{INK}">{escape(text)}</text>'


def _svg(parts: Sequence[str], width: int, height: int, title: str) -> str:
    label = escape(title, quote=True)
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="{label}" '
        f'font-family="sans-serif" font-size="12"><title>{escape(title)}</title>{"".join(parts)}</svg>'
    )
