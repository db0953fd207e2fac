"""The SQL of the windows follows from the features, whichever they are."""

import re
from collections.abc import Sequence

import pytest

from jobs.config import AdjustConfig
from jobs.sql.crossing_queries import sampled_windows_query, windows_query
from jobs.sql.slices import slice_columns, slices
from jobs.sql.window_views import UID_FORMAT, uid_format, window_views
from models.feature_layout import FeatureLayout
from models.features import (
    CONTENT_FEATURES,
    FIRST_CONTENT_NAMES,
    FIRST_SESSION_NAMES,
    SESSION_FEATURES,
    SESSION_LAYOUT,
    Feature,
)
from models.judgement.habit import Habit
from models.slice_columns import SliceColumn, count

LIKES = Feature(
    "likes",
    "count",
    "contents liked",
    "likes",
    slice=(SliceColumn("likes", count("{custom} AND `element` = 'like'")).sum(),),
    when_silent=0.0,
    habit=Habit("li", 1.0, 0.1, 1.2, 3.0),
)
ALL = AdjustConfig(deduplicate="all")


def views(features: Sequence[Feature], config: AdjustConfig | None = None) -> dict[str, str]:
    return {view.name: view.query for view in window_views(config or AdjustConfig(), session=features)}


def names(query: str) -> list[str]:
    """What the outermost SELECT calls its columns."""
    columns = query[: query.index("\nFROM")].removeprefix("\nSELECT ")
    depth, found = 0, [""]
    for letter in columns:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    return [re.split(r" AS |\s", column.strip())[-1] for column in found]


@pytest.mark.parametrize("config", [AdjustConfig(), ALL], ids=["gestures", "all"])
@pytest.mark.parametrize("more", [(), (LIKES,)], ids=["shipped", "with likes"])
def test_both_branches_of_the_slices_have_the_same_columns(config: AdjustConfig, more: tuple[Feature, ...]) -> None:
    features = (*SESSION_FEATURES, *CONTENT_FEATURES, *more)
    signals, trigger_events = (names(query) for query in slices(config, slice_columns(config, features)))
    assert signals == trigger_events
    assert len(set(signals)) == len(signals)
    assert {total.column.name for feature in features for total in feature.slice} < set(signals)


def test_one_declaration_takes_a_feature_from_the_event_to_the_operators() -> None:
    found = views((*SESSION_FEATURES, LIKES))
    number = "type_no IN (10)"  # custom is the eleventh of the contract's types
    assert f"COUNT(CASE WHEN {number} AND `element` = 'like' THEN 1 END) AS likes" in found["slices"]
    assert found["slices"].count(" AS likes") == 2
    assert "SUM(likes) AS likes" in found["session_slices"]
    assert "SUM(likes) AS likes" in found["session_windows"]
    assert "likes AS f_likes" in found["session_windows"]
    assert "likes AS h_likes" in found["session_windows"]
    assert "SUM(h_likes) AS h_likes" in found["site_totals"]
    assert "h_likes AS l_likes" in found["site_levels"]
    session, habits = (*FIRST_SESSION_NAMES, "likes"), ("likes",)
    assert "CAST(f_likes AS DOUBLE)" in windows_query(AdjustConfig(), session, habits)
    assert "CAST(l_likes AS DOUBLE)" in windows_query(AdjustConfig(), session, habits)
    assert "CAST(h_likes AS DOUBLE)" in sampled_windows_query("TRUE", "'site'", session, habits)


def test_a_feature_that_was_removed_leaves_no_trace() -> None:
    pages = [feature for feature in SESSION_FEATURES if feature.name != "pages"]
    assert not any(re.search(r"\b(._)?pages\b", query) for query in views(pages).values())


def test_columns_of_an_event_are_deduplicated_only_where_a_feature_reads_them() -> None:
    first = [feature for feature in SESSION_FEATURES if feature.name in FIRST_SESSION_NAMES]
    assert "element" not in views(first, ALL)["deduplicated_signals"]
    assert "MAX(`element`) AS `element`" in views((*first, LIKES), ALL)["deduplicated_signals"]


def test_what_two_features_share_is_computed_once() -> None:
    twice = views((*SESSION_FEATURES, LIKES, Feature("like_rate", "per minute", "", "likes * 1e0", slice=LIKES.slice)))
    assert twice["slices"].count(" AS likes") == 2
    assert twice["session_windows"].count("SUM(likes)") == 1


def test_two_columns_or_totals_of_one_name_are_refused() -> None:
    other = SliceColumn("clicks", count("{custom}"))
    with pytest.raises(ValueError, match="two slice columns are called clicks"):
        views((*SESSION_FEATURES, Feature("x", "count", "", "clicks", slice=(other.sum(),))))
    least = LIKES.slice[0].column.min()
    with pytest.raises(ValueError, match="two totals of a window are called likes"):
        views((*SESSION_FEATURES, LIKES, Feature("x", "count", "", "likes", slice=(least,))))


def test_operators_of_other_features_bear_other_names() -> None:
    more = FeatureLayout((*FIRST_SESSION_NAMES, "likes"), FIRST_SESSION_NAMES)
    first = FeatureLayout(FIRST_CONTENT_NAMES, FIRST_CONTENT_NAMES)
    assert uid_format(FeatureLayout(FIRST_SESSION_NAMES, FIRST_SESSION_NAMES), first) == UID_FORMAT
    assert uid_format(more, first) == "<id>_<transformation>_s+likes"
    fewer = FeatureLayout(FIRST_CONTENT_NAMES[1:], FIRST_CONTENT_NAMES)
    assert uid_format(SESSION_LAYOUT, fewer) == uid_format(SESSION_LAYOUT, first) + "_c-readers"


def test_a_content_window_knows_who_left_whichever_features_there_are() -> None:
    found = {view.name: view.query for view in window_views(AdjustConfig(), content=[])}
    assert "SUM(rapid_exits) AS rapid_exits" in found["reader_windows"]
    assert "MIN(left_ms) AS left_ms" in found["reader_windows"]
