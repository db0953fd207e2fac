"""Draws the commands per session-hour on real recordings of results.json as an SVG: ``python -m infra.bench.rate_chart``."""

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
PICTURE: Final = HERE.parent / "docs" / "pictures" / "real-recordings.svg"
LEFT, WIDTH, TOP = 220, 400, 58


def draw(sets: Mapping[str, Mapping[str, Any]], note: str) -> str:
    """A block for each set, a bar for each of its rules, most frequent first."""
    rates = [rate for each in sets.values() for rate in each["per_session_hour"].values()]
    longest = max(rates, default=0.0)
    parts, y = [], TOP
    for name, each in sets.items():
        about = f"{name}: {each['sessions']:,} sessions, {each['session_hours']:,} session-hours"
        parts.append(f'<text x="20" y="{y + 15}" font-weight="600">{escape(about)}</text>')
        y += 26
        for rule, rate in sorted(each["per_session_hour"].items(), key=lambda item: (-item[1], item[0])):
            width = max(2.0, WIDTH * rate / longest) if longest else 2.0
            parts.append(
                f'<text x="{LEFT - 8}" y="{y + 15}" text-anchor="end">{escape(rule)}</text>'
                f'<rect x="{LEFT}" y="{y + 1}" width="{width:.1f}" height="18" rx="3" fill="#c2410c"/>'
                f'<text x="{LEFT + 6 + width:.1f}" y="{y + 15}">{rate:.3g}</text>'
            )
            y += 26
        if not each["per_session_hour"]:
            parts.append(f'<text x="{LEFT}" y="{y + 15}">no commands</text>')
            y += 26
        y += 12
    height = y + 30
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 740 {height}" width="740" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="#334155">'
        f'<rect width="740" height="{height}" fill="white"/>'
        f'<text x="20" y="30" font-size="15" font-weight="600">Commands per session-hour on real recordings</text>'
        + "".join(parts)
        + f'<text x="20" y="{height - 12}" font-size="11">{escape(note)}</text></svg>\n'
    )


def main() -> None:
    results = json.loads((HERE / "results.json").read_text())
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(draw(results["real_recordings"], "python -m infra.bench.real_recordings"))


if __name__ == "__main__":
    main()
