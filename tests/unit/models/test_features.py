"""The registry of features against the windows in plain Python, and the names that state relies on."""

import re
from math import isnan

import pytest

from infra.simulate.reference_windows import session_minute
from models.features import (
    CONTENT_FEATURES,
    EVENT_FEATURES,
    FIRST_CONTENT_NAMES,
    FIRST_SESSION_NAMES,
    ITEM_FEATURES,
    LIVE_FEATURES,
    SESSION_FEATURES,
    SESSION_LAYOUT,
    Feature,
    silent_values,
)
from tests.support.builders import WINDOW_MS, at

STANDING = {"active_ms", "interacted_ms", "window_end_ms", "window_ms", "slices"}
"""What a feature may use beside the totals of its own slice columns."""

SQL_WORDS = {
    "GREATEST",
    "LEAST",
    "COALESCE",
    "NULL",
    "NULLIF",
    "COUNT",
    "SUM",
    "CAST",
    "AS",
    "DOUBLE",
    "BIGINT",
    "CASE",
    "WHEN",
    "THEN",
    "END",
    "ELSE",
}


def test_a_silent_window_is_what_plain_python_makes_of_no_event() -> None:
    reference = session_minute([], at(60)).values
    for feature, value in zip(SESSION_FEATURES, silent_values(WINDOW_MS), strict=True):
        expected = reference[feature.name]
        assert value == expected or (isnan(value) and isnan(expected)), feature.name


@pytest.mark.parametrize(
    "feature",
    [*SESSION_FEATURES, *CONTENT_FEATURES],
    ids=[
        f"{of} {each.name}"
        for of, features in (("session", SESSION_FEATURES), ("content", CONTENT_FEATURES))
        for each in features
    ],
)
def test_a_feature_names_what_its_value_is_made_of(feature: Feature) -> None:
    words = set(re.findall(r"[A-Za-z_][A-Za-z_]+", re.sub(r"\d+e\d+", "", feature.value)))
    assert words - SQL_WORDS - STANDING == {total.name for total in feature.slice}


def test_every_number_that_rules_can_name_has_a_unit_and_a_text() -> None:
    numbers = [(each.name, each.unit, each.text) for each in (*SESSION_FEATURES, *CONTENT_FEATURES)]
    numbers += [
        (each.name, each.unit, each.text)
        for each in (*LIVE_FEATURES.values(), *ITEM_FEATURES.values(), *EVENT_FEATURES.values())
    ]
    for name, unit, text in numbers:
        assert "" not in (unit, text), name


def test_the_features_of_the_first_release_are_those_of_its_state() -> None:
    """Their number stood in the texts of commit 8c8b8b8, their order in its registry; both stay as they were."""
    assert (len(FIRST_SESSION_NAMES), len(FIRST_CONTENT_NAMES)) == (13, 6)
    assert FIRST_SESSION_NAMES[:2] == ("clicks", "recommended_clicks")
    assert FIRST_SESSION_NAMES[-3:] == ("pages", "rapid_exits", "idle_ms")
    assert set(SESSION_LAYOUT.stored) == {feature.name for feature in SESSION_FEATURES}


def test_no_two_letters_in_state_stand_for_two_habits_or_levels() -> None:
    for features in (SESSION_FEATURES, CONTENT_FEATURES):
        kept = [each for feature in features for each in (feature.habit, feature.level) if each is not None]
        keys = [each.key for each in kept]
        assert all(len(key) == 2 for key in keys)
        assert len(set(keys)) == len(keys)
