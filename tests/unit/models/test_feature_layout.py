"""State read by name, whichever features the job computed that wrote it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.feature_layout import FeatureLayout

FIRST = ("clicks", "pages", "idle_ms")
NAMES = st.lists(st.sampled_from([*FIRST, "shares", "likes"]), min_size=1, unique=True)


def test_the_features_of_the_first_release_bear_no_name() -> None:
    layout = FeatureLayout(FIRST, FIRST)
    assert (layout.header, layout.stored) == ("", FIRST)
    assert layout.read([1, 2, 3], "", missing=0) == [1, 2, 3]


def test_a_feature_that_was_added_is_missing_in_older_state() -> None:
    layout = FeatureLayout(["shares", *FIRST], FIRST)
    assert layout.header == "+shares"
    assert layout.read([1, 2, 3], "", missing=None) == [None, 1, 2, 3]


def test_a_feature_that_was_removed_is_left_out() -> None:
    layout = FeatureLayout(["clicks", "idle_ms"], FIRST)
    assert layout.header == "-pages"
    assert layout.read([1, 2, 3], "", missing=0) == [1, 3]


def test_another_order_changes_neither_header_nor_state() -> None:
    layout = FeatureLayout(["idle_ms", "clicks", "pages"], FIRST)
    assert layout.header == ""
    assert layout.written([3, 1, 2]) == [1, 2, 3]
    assert layout.read([1, 2, 3], "", missing=0) == [3, 1, 2]


@given(NAMES, NAMES)
def test_every_feature_that_both_know_keeps_its_value(ours: list[str], theirs: list[str]) -> None:
    writer, reader = FeatureLayout(theirs, FIRST), FeatureLayout(ours, FIRST)
    written = writer.written([f"value of {name}" for name in theirs])
    assert len(written) == reader.size(writer.header)
    read = reader.read(written, writer.header, missing="missing")
    assert read == [f"value of {name}" if name in theirs else "missing" for name in ours]


@given(NAMES, NAMES)
def test_the_header_tells_two_sets_of_features_apart(ours: list[str], theirs: list[str]) -> None:
    same = FeatureLayout(ours, FIRST).stored == FeatureLayout(theirs, FIRST).stored
    assert (FeatureLayout(ours, FIRST).header == FeatureLayout(theirs, FIRST).header) == same


@pytest.mark.parametrize("names", [["clicks", "clicks"], ["click rate"], ["a+b"], ["A"]])
def test_a_name_that_would_not_survive_in_state_is_refused(names: list[str]) -> None:
    with pytest.raises(ValueError, match="distinct words"):
        FeatureLayout(names, FIRST)
