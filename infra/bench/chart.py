"""Draws the throughput comparison of results.json as an SVG: ``python -m infra.bench.chart``."""

import json
from html import escape
from pathlib import Path

HERE = Path(__file__).resolve().parent
LABELS = {
    "jvm_only": "the same windows in the JVM alone",
    "job": "Microadjust, everything on",
    "python_loop": "hand-written Python loop",
    "bytewax": "Bytewax",
    "python_datastream": "all in Python DataStream operators",
    "quix": "Quix Streams",
}


def draw(speeds: dict[str, float], note: str) -> str:
    """One bar per contender, longest first."""
    known = {name: speed for name, speed in speeds.items() if speed}
    longest = max(known.values())
    bars = []
    for row, (name, speed) in enumerate(sorted(known.items(), key=lambda each: -each[1])):
        y, width = 44 + row * 34, max(2.0, 400 * speed / longest)
        colour = "#c2410c" if name == "job" else "#64748b"
        bars.append(
            f'<text x="252" y="{y + 15}" text-anchor="end">{escape(LABELS.get(name, name))}</text>'
            f'<rect x="260" y="{y}" width="{width:.1f}" height="22" rx="3" fill="{colour}"/>'
            f'<text x="{266 + width:.1f}" y="{y + 15}">{speed:,.0f}</text>'
        )
    height = 44 + len(bars) * 34 + 30
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 740 {height}" width="740" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="#334155">'
        f'<rect width="740" height="{height}" fill="white"/>'
        f'<text x="20" y="26" font-size="15" font-weight="600">Events a second in steady state</text>'
        + "".join(bars)
        + f'<text x="20" y="{height - 12}" font-size="11">{escape(note)}</text></svg>\n'
    )


def main() -> None:
    results = json.loads((HERE / "results.json").read_text())
    note = f"{results['machine']}, {results['date']}. make bench"
    (HERE / "throughput.svg").write_text(draw(results["throughput_events_s"], note))


if __name__ == "__main__":
    main()
