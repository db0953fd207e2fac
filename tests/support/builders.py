"""People, instants, rows, rules and a small forest for tests. Times are seconds after `BEGINNING`."""

from functools import cache
from hashlib import sha256
from typing import Any

import msgspec
import numpy as np

from models.features import CONTENT_NAMES, FOREST_FEATURES, SESSION_FEATURES, SESSION_NAMES
from models.isolation_forest.onnx_export import fit, to_onnx
from models.isolation_forest.registry import to_feature_row
from models.judgement.layout import HABIT_NAMES
from models.rules.compiled import KNOWN_FEATURES
from models.rules.evaluation import Subject
from schemas.commands import Target
from schemas.model_cards import ModelCard
from schemas.rules import Rule, parse_rule
from udfs.crossing_rows import DEPTH_STEPS

BEGINNING = 1_760_000_400_000
"""A full half-hour, in ms."""

WINDOW_MS = 60_000
EVERY_MS = 10_000
SESSION_END_S = 1800

ANNA, BEN = "anna-phone", "ben-laptop"
MORNING_NEWS, FILM = "morning-news", "film"
NAN = float("nan")

SCALES = {feature.name: feature.habit.scale for feature in SESSION_FEATURES if feature.habit is not None}

CrossingRow = tuple[str, list[float], list[str | None]]

ORDINARY = dict.fromkeys(SESSION_NAMES, 0.0) | {
    "clicks": 3.0,
    "recommended_clicks": 2.0,
    "click_rate": 3.0,
    "recommended_click_rate": 2.0,
    "scroll_depth": 0.5,
    "scroll_speed": 4.0,
    "scrolls": 12.0,
    "signs": 30.0,
    "scroll_distance": 0.6,
    "hover_ms": 2_000.0,
    "pointer_path_px": 3_000.0,
    "engaged_ms": 40_000.0,
    "session_duration_ms": 55_000.0,
    "pages": 1.0,
    "rapid_exits": 0.0,
    "idle_ms": 1_000.0,
}
"""A minute of somebody who reads in peace; what is not named here is 0 in it."""


def at(seconds: float) -> int:
    """The instant so many seconds after `BEGINNING`, in ms."""
    return BEGINNING + round(seconds * 1000)


def session_values(**features: float) -> list[float]:
    """The vector of an ordinary minute, with some features changed."""
    assert features.keys() <= ORDINARY.keys()
    return [(ORDINARY | features)[name] for name in SESSION_NAMES]


def session_window(
    end_s: int,
    session: str = ANNA,
    *,
    first_s: float | None = None,
    last_s: float | None = None,
    interacted_s: float | None = None,
    hidden_s: float | None = None,
    active: bool = True,
    user: str | None = "anna",
    content: str | None = MORNING_NEWS,
    main_type: str | None = "news",
    engaged: str | None = "news=40000",
    device: str | None = "phone",
    opened: str | None = None,
    context: str | None = None,
    page_depth: float = 0.5,
    active_slices: int = 6,
    site: tuple[float, list[float]] | None = None,
    **features: float,
) -> CrossingRow:
    """The minute that ends at `end_s`. Unless told otherwise the session is as old as `BEGINNING`, the last event of the
    minute is an interaction one second before the end, and each slice begins with one. `site` is the number of active
    slices of all sessions and their sums."""
    last = end_s - 1 if last_s is None else last_s
    interacted = last if interacted_s is None else interacted_s
    site_slices, totals = site or (0.0, [0.0] * len(HABIT_NAMES))
    values = session_values(**features)
    numbers = [
        float(at(end_s)),
        float(at(max(end_s - 60, 0) if first_s is None else first_s)),
        float(at(last // 10 * 10)),
        float(at(interacted // 10 * 10)) if active else NAN,
        float(at(interacted)) if active else NAN,
        float(at(last)),
        NAN if hidden_s is None else float(at(hidden_s)),
        float(at(last)) * DEPTH_STEPS + round(page_depth * 10_000),
        float(active_slices),
        site_slices,
        *values,
        *(round(values[SESSION_NAMES.index(name)] * SCALES[name]) for name in HABIT_NAMES),
        *totals,
    ]
    return "session", numbers, [session, user, content, main_type, engaged, device, opened, context]


def content_window(
    end_s: int,
    content: str = MORNING_NEWS,
    *,
    first_s: float | None = None,
    new_exits: int = 0,
    leavers: tuple[int, ...] = (),
    present: int = 6,
    **features: float,
) -> CrossingRow:
    """The minute of a content item that ends at `end_s`; features not given are 1. Each of `leavers`, hashes of readers, left
    within 10 s in the newest slice."""
    assert features.keys() <= set(CONTENT_NAMES)
    numbers = [
        float(at(end_s)),
        float(at(max(end_s - 60, 0) if first_s is None else first_s)),
        float(max(new_exits, len(leavers))),
        float(len(leavers)),
        float(present),
        float(min(leavers, default=NAN)),
        float(max(leavers, default=NAN)),
    ]
    return "content", [*numbers, *(features.get(name, 1.0) for name in CONTENT_NAMES)], [content, "news"]


def trigger_event(
    event_id: str,
    at_s: float,
    session: str = ANNA,
    *,
    type: str = "click",
    value: float = NAN,
    rtt_ms: float = NAN,
    downlink_kbps: float = NAN,
    saves_data: float = NAN,
    rage: float = NAN,
    content: str | None = MORNING_NEWS,
    content_type: str | None = "news",
    placement: str | None = None,
    element: str | None = None,
    device: str | None = "phone",
    country: str | None = "AT",
    language: str | None = "de",
    user: str | None = "anna",
    languages: str | None = None,
    text: str | None = None,
    page_url: str | None = None,
    expertise: str | None = None,
) -> CrossingRow:
    """A click, or another event of the fast lane. Operating system, browser, region and time zone are not known."""
    texts = [session, user, content, event_id, type, content_type, placement, element, device, country, language]
    return (
        "event",
        [float(at(at_s)), value, rtt_ms, downlink_kbps, saves_data, rage],
        [*texts, page_url, None, None, None, languages, None, text, expertise],
    )


def rule_data(**changed: Any) -> dict[str, Any]:
    """A rule as a file would hold it: little engaged time asks for simpler content."""
    return {
        "id": "calm-down",
        "version": 1,
        "about": "Little engaged time: the content asks too much.",
        "lane": "session_window",
        "when": [{"feature": "engaged_ms", "below": 10_000}],
        "then": {"action": "simplify", "parameters": {"variant": "simple"}},
    } | changed


def rule(**changed: Any) -> Rule:
    return parse_rule(rule_data(**changed), KNOWN_FEATURES)


def reader(session: str = ANNA) -> Subject:
    """Somebody to decide about."""
    return Subject(Target("session", session), session, "anna", MORNING_NEWS)


def minutes(rows: int, seed: int = 7) -> list[tuple[float, ...]]:
    """Vectors of ordinary minutes, scattered a little."""
    random = np.random.default_rng(seed)
    scattered = np.array(session_values()) * random.uniform(0.7, 1.3, (rows, len(SESSION_NAMES)))
    return [tuple(float(value) for value in row) for row in scattered]


@cache
def forest_model(seed: int = 7) -> bytes:
    """A forest over 256 ordinary minutes."""
    return to_onnx(fit(np.concatenate([to_feature_row(row) for row in minutes(256, seed)]), seed=seed))


def forest_card(artefact: bytes, **changed: Any) -> ModelCard:
    card = ModelCard(
        id="forest",
        version=1,
        kind="isolation_forest",
        features=list(FOREST_FEATURES),
        threshold=0.62,
        sha256=sha256(artefact).hexdigest(),
        trained_on="ordinary minutes",
    )
    return msgspec.structs.replace(card, **changed)
