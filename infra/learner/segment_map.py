"""Draws segments as an SVG: a map along their two principal axes, and their sizes over time."""

from collections.abc import Sequence
from html import escape
from math import sqrt
from typing import Final

from models.segments.map_axes import principal_axes
from schemas.segments import Segment

COLOURS: Final = (
    "#c2410c", "#0369a1", "#15803d", "#7e22ce", "#a16207", "#be123c",
    "#0f766e", "#4338ca", "#4d7c0f", "#9f1239", "#1d4ed8", "#78716c",
)  # fmt: skip
WIDTH, MAP_HEIGHT, TIMES_HEIGHT, LEFT, TOP = 820, 420, 200, 60, 60
GREATEST_RADIUS: Final = 60.0


def draw(segments: Sequence[Segment], history: Sequence[Segment]) -> str:
    """The map of the segments in force, each as large as its share, above the shares of all versions that are given."""
    ids = sorted({each.segment_id for each in (*segments, *history)}, key=lambda each: (len(each), each))
    colour = {segment_id: COLOURS[index % len(COLOURS)] for index, segment_id in enumerate(ids)}
    names = {each.segment_id: each.name for each in (*history, *segments)}
    height = TOP + MAP_HEIGHT + 70 + TIMES_HEIGHT + 40
    parts = [_map(segments, colour), _times(history or segments, colour, names, TOP + MAP_HEIGHT + 70)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        f' font-family="system-ui, sans-serif" font-size="12" fill="#334155">'
        f'<rect width="100%" height="100%" fill="white"/>'
        f'<text x="{LEFT}" y="26" font-size="15" font-weight="600">Segments of readers, version {segments[0].version}</text>'
        f"{''.join(parts)}</svg>\n"
    )


def _map(segments: Sequence[Segment], colour: dict[str, str]) -> str:
    places, words = principal_axes(segments)
    inner_width, inner_height = WIDTH - LEFT - 40 - 2 * GREATEST_RADIUS, MAP_HEIGHT - 2 * GREATEST_RADIUS
    low = [min(axis) for axis in zip(*places, strict=True)]
    reach = [max(max(axis) - min(axis), 1.0) for axis in zip(*places, strict=True)]
    largest = max(each.share for each in segments) or 1.0
    parts = [f'<rect x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - 40}" height="{MAP_HEIGHT}" fill="#f8fafc"/>']
    for segment, place in zip(segments, places, strict=True):
        x = LEFT + GREATEST_RADIUS + (place[0] - low[0]) / reach[0] * inner_width
        y = TOP + MAP_HEIGHT - GREATEST_RADIUS - (place[1] - low[1]) / reach[1] * inner_height
        radius = max(6.0, GREATEST_RADIUS * sqrt(segment.share / largest) * 0.9)
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour[segment.segment_id]}" fill-opacity="0.35"/>'
            f'<text x="{x:.1f}" y="{y - 2:.1f}" text-anchor="middle" font-weight="600">{escape(segment.segment_id)},'
            f" {segment.share:.0%}</text>"
            f'<text x="{x:.1f}" y="{y + 13:.1f}" text-anchor="middle" font-size="11">{escape(segment.name)}</text>'
        )
    parts.append(
        f'<text x="{WIDTH - 40}" y="{TOP + MAP_HEIGHT + 18}" text-anchor="end">{escape(words[0])} →</text>'
        f'<text x="{LEFT}" y="{TOP - 8}">↑ {escape(words[1])}</text>'
    )
    return "".join(parts)


def _times(history: Sequence[Segment], colour: dict[str, str], names: dict[str, str], top: int) -> str:
    """Stacked bars, one for each version."""
    versions = sorted({each.version for each in history})
    step = (WIDTH - LEFT - 40) / max(len(versions), 1)
    parts = [f'<text x="{LEFT}" y="{top - 10}" font-weight="600">Shares of the readers by version</text>']
    for column, version in enumerate(versions):
        y = float(top + TIMES_HEIGHT)
        for segment in sorted(
            (each for each in history if each.version == version),
            key=lambda each: (len(each.segment_id), each.segment_id),
        ):
            tall = segment.share * TIMES_HEIGHT
            y -= tall
            parts.append(
                f'<rect x="{LEFT + column * step:.1f}" y="{y:.1f}" width="{max(step - 2, 1):.1f}" height="{tall:.1f}"'
                f' fill="{colour[segment.segment_id]}" fill-opacity="0.6"><title>{escape(segment.segment_id)},'
                f" {escape(names[segment.segment_id])}: {segment.share:.0%}</title></rect>"
            )
    for place, column in enumerate(sorted({0, len(versions) - 1})):
        anchor, x = ("start", LEFT) if place == 0 else ("end", WIDTH - 40)
        parts.append(f'<text x="{x}" y="{top + TIMES_HEIGHT + 16}" text-anchor="{anchor}">{versions[column]}</text>')
    return "".join(parts)
