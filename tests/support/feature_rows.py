"""Rows of features.v1 of planted readers, and how a learner takes them in."""

import numpy as np

from schemas.features import FeatureRow

BEGINNING_MS = 1_760_000_400_000
SLIDE_MS = 10_000

HABITS = {
    # engaged ms, clicks a minute, depth, scroll distance, pages, device
    "skimmers on phones": (6_000.0, 1.0, 0.3, 3.0, 2.0, "mobile"),
    "readers": (45_000.0, 0.5, 0.9, 1.5, 0.5, "desktop"),
    "clickers": (25_000.0, 6.0, 0.5, 0.5, 3.0, "desktop"),
}


def row(session_id: str, at_s: int, engaged_ms: float | None = 1_000.0, kind: str = "window") -> FeatureRow:
    return FeatureRow(session_id, BEGINNING_MS + at_s * 1_000, kind, {"engaged_ms": engaged_ms}, {}, None, {}, None)  # type: ignore[arg-type]


def visits(
    seed: int, sessions: int, factor: float = 1.0, begin_s: int = 0, windows: int = 30
) -> tuple[list[FeatureRow], dict[str, str]]:
    """Sessions of five minutes, one begun every two seconds: windows every ten seconds, and the end."""
    generator = np.random.default_rng(seed)
    rows, kinds = [], {}
    for number in range(sessions):
        session_id = f"s_{seed}_{number}"
        kind = list(HABITS)[int(generator.integers(len(HABITS)))]
        kinds[session_id] = kind
        engaged, clicks, depth, distance, pages, device = HABITS[kind]
        own = np.exp(generator.normal(size=4) * 0.25)
        means: dict[str, float] = {}
        start_ms = BEGINNING_MS + (begin_s + 2 * number) * 1_000
        for window in range(1, windows + 1):
            features = {
                "engaged_ms": float(generator.gamma(8.0, engaged * own[0] * factor / 8.0)),
                "click_rate": float(generator.poisson(clicks * own[1])),
                "scroll_depth": float(np.clip(generator.normal(depth, 0.1), 0.0, 1.0)),
                "scroll_distance": float(generator.gamma(4.0, distance * own[2] / 4.0)),
                "pages": float(generator.poisson(pages * own[3])),
            }
            means = {name: means.get(name, 0.0) + value / windows for name, value in features.items()}
            at_ms = start_ms + window * SLIDE_MS
            rows.append(FeatureRow(session_id, at_ms, "window", dict(features), {"device": device}, None, {}, None))
        end = FeatureRow(session_id, start_ms + 400_000, "session_end", dict(means), {"device": device}, None, {}, None)
        rows.append(end)
    return sorted(rows, key=lambda each: (each.window_end_ms, each.session_id)), kinds
