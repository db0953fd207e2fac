"""A reader's segment: when it is first known, when it changes and when it does not; names of segments."""

from collections.abc import Sequence

import numpy as np
import pytest

from models.segments.columns import COLUMNS, Column, row_of
from models.segments.kinds import kind_of
from models.segments.names import name_of, traits_of
from models.segments.reader import AGREEING_ROWS, FIRST_ROWS, ReaderState, SegmentsInForce
from schemas.segments import Segment

DEPTH = Column("depth", "0..1", "shallow", "deep", 0.1, "depth")
CLICKS = Column("clicks", "count", "few clicks", "many clicks", 0.1, "clicks", scale=1.0)
PAIR = (DEPTH, CLICKS)


def segment(segment_id: str, depth: float, clicks: float) -> Segment:
    centroid = {"depth": depth, "clicks": clicks}
    return Segment(
        segment_id, 1, segment_id, centroid, 1, None, [], 0, {"depth": 0.1, "clicks": 0.2}, {"clicks": 1.0}, 0.5, 9
    )


BOTH = SegmentsInForce([segment("s1", 0.0, 2.0), segment("s2", 1.0, 2.0)], PAIR)


def after(depths: list[float | None], begin: ReaderState | None = None, force: SegmentsInForce = BOTH) -> ReaderState:
    state = begin or ReaderState()
    for depth in depths:
        state = force.after(state, {"depth": depth, "clicks": None}, {})
    return state


def test_a_segment_is_unknown_before_a_reader_has_shown_enough() -> None:
    assert after([0.1] * (FIRST_ROWS - 1)).segment is None
    assert after([0.1] * FIRST_ROWS).segment == "s1"
    assert after([0.9] * FIRST_ROWS).segment == "s2"


def test_half_way_between_two_a_reader_stays_where_he_is() -> None:
    #   s1 at 0.0 ..... 0.5 ..... s2 at 1.0: at 0.52 the other is nearer, but not clearly
    settled = ReaderState([0.52, None], 10_000, "s1")
    assert after([0.52] * 50, settled).segment == "s1"
    assert after([0.52] * 50, ReaderState([0.52, None], 10_000, "s2")).segment == "s2"


def test_a_reader_moves_after_three_windows_in_which_another_is_clearly_nearer() -> None:
    begin = ReaderState([0.9, None], 10_000, "s1")

    assert after([0.9] * (AGREEING_ROWS - 1), begin).segment == "s1"
    assert after([0.9] * AGREEING_ROWS, begin).segment == "s2"


def test_one_odd_window_moves_nobody() -> None:
    settled = after([0.0] * 100)

    assert after([1.0, 0.0, 0.0], settled).segment == "s1"
    assert after([1.0] * 60, settled).segment == "s2"


def test_a_segment_that_has_gone_is_left_at_once() -> None:
    settled = after([0.0] * 10)
    left = SegmentsInForce([segment("s2", 1.0, 2.0)], PAIR)

    assert after([0.0], settled, left).segment == "s2"


def test_without_segments_a_reader_keeps_what_he_had() -> None:
    settled = after([0.0] * 10)

    assert after([1.0], settled, SegmentsInForce([], PAIR)).segment == "s1"


def test_distances_are_those_of_the_contract() -> None:
    record = segment("s1", 0.25, 3.0)
    found = SegmentsInForce([record], PAIR).squared_distances([0.5, np.log1p(7.0)])

    expected = ((0.5 - 0.25) / 0.1) ** 2 + ((np.log(8.0) - np.log(4.0)) / 0.2) ** 2
    assert found == {"s1": pytest.approx(expected)}
    assert SegmentsInForce([record], PAIR).squared_distances([None, np.log1p(3.0)]) == {"s1": pytest.approx(0.0)}
    # One column of two: its square stands for both.
    assert SegmentsInForce([record], PAIR).squared_distances([0.45, None]) == {"s1": pytest.approx(2 * 2.0**2)}


def test_a_column_with_another_scale_or_of_another_version_is_left_out() -> None:
    other = Column("clicks", "count", "few", "many", 0.1, "clicks", scale=2.0)
    more = Column("novel", "count", "few", "many", 0.1, "novel")

    found = SegmentsInForce([segment("s1", 0.0, 3.0)], (DEPTH, other, more)).squared_distances([0.1, 9.0, 9.0])

    assert found == {"s1": pytest.approx(1.0)}


def around(segment_id: str, known: Sequence[str], away: float) -> Segment:
    """A segment of the job's columns that knows some of them, its centre so many spreads from 3 (or 5 s)."""
    centroid = {
        each.name: each.unscaled(each.scaled(5_000.0 if each.unit == "ms" else 3.0) + away * each.floor)
        for each in COLUMNS
        if each.name in known
    }
    spread = {each.name: each.floor for each in COLUMNS}
    scales = {each.name: each.scale for each in COLUMNS if each.scale is not None}
    return Segment(segment_id, 1, segment_id, centroid, 1, None, [], 0, spread, scales, 0.5, 9)


NUMBERS = [each.name for each in COLUMNS if each.context is None]


@pytest.mark.parametrize(("known", "most"), [(3, 0.0), (5, 0.25), (10, 0.08)])
def test_readers_do_not_fall_to_a_segment_of_which_less_is_known(known: int, most: float) -> None:
    # By the sum of squares, half of them fell to the segment of five columns. Ten known: one in seventeen is nearer by chance.
    force = SegmentsInForce([around("s1", NUMBERS, 0.0), around("s2", NUMBERS[:known], 1.0)])
    generator = np.random.default_rng(3)
    fallen = 0
    for _ in range(1_000):
        reader = {
            each.name: each.unscaled(
                each.scaled(5_000.0 if each.unit == "ms" else 3.0) + each.floor * float(generator.normal())
            )
            for each in COLUMNS
            if each.name in NUMBERS
        }
        state = ReaderState()
        for _ in range(FIRST_ROWS):
            state = force.after(state, reader, {})
        fallen += state.segment == "s2"

    assert fallen / 1_000 <= most


def test_a_reader_of_whom_too_little_is_known_has_no_segment() -> None:
    force = SegmentsInForce([around("s1", NUMBERS, 0.0), around("s2", NUMBERS, 9.0)])
    nothing = few = enough = ReaderState()
    for _ in range(2 * FIRST_ROWS):
        nothing = force.after(nothing, {}, {})
        few = force.after(few, dict.fromkeys(NUMBERS[:3], 3.0), {})
        enough = force.after(enough, dict.fromkeys(NUMBERS[:4], 3.0), {})

    assert (nothing.segment, few.segment, enough.segment) == (None, None, "s1")


def test_the_device_is_a_column_and_unknown_where_the_context_does_not_say() -> None:
    names = [column.name for column in COLUMNS]
    phone, desk, unknown = (
        row_of(COLUMNS, {"pages": 0.5}, context)[names.index("mobile")]
        for context in ({"device": "mobile"}, {"device": "desktop"}, {})
    )

    assert (phone, desk) == (1.0, 0.0)
    assert np.isnan(unknown)
    assert row_of(COLUMNS, {"pages": 0.5}, {})[names.index("pages")] == pytest.approx(np.log(2.0))


def test_a_name_says_the_most_telling_features_in_words_with_one_of_each_family() -> None:
    names = [column.name for column in COLUMNS]
    usual = row_of(COLUMNS, dict.fromkeys(names, 1.0), {"device": "desktop"})
    usual[names.index("session_duration_ms")] = np.log1p(30_000 / 5_000)
    usual[names.index("engaged_ms")] = np.log1p(30_000 / 5_000)
    centre = list(usual)
    centre[names.index("session_duration_ms")] = np.log1p(3_000 / 5_000)
    centre[names.index("engaged_ms")] = np.log1p(4_000 / 5_000)
    centre[names.index("click_rate")] = np.log1p(0.4)
    spread = [0.2] * len(names)

    traits = traits_of(COLUMNS, centre, usual, spread)
    name, _ = name_of(traits, {column.name: column for column in COLUMNS}, set())

    assert name == "brief visits, few clicks"
    assert [(trait.feature, trait.direction, trait.unit) for trait in traits] == [
        ("session_duration_ms", "low", "ms"),
        ("click_rate", "low", "per minute"),
    ]
    assert traits[0].value == pytest.approx(3_000)
    assert traits[0].usual == pytest.approx(30_000)


def test_no_two_segments_have_one_name() -> None:
    columns = {column.name: column for column in PAIR}
    traits = traits_of(PAIR, [1.0, 0.0], [0.5, 0.1], [0.1, 0.2])

    first, _ = name_of(traits, columns, set())
    second, _ = name_of(traits, columns, {first})
    third, _ = name_of(traits, columns, {first, second})
    plain, _ = name_of([], columns, set())

    assert first == "deep"
    assert len({first, second, third}) == 3
    assert plain == "average readers"


@pytest.mark.parametrize(
    ("mobile", "engaged_s", "depth", "rapid_exits", "kind"),
    [
        (1.0, 8.0, 0.3, 1.0, "mobile_short_attention"),
        (0.0, 8.0, 0.3, 1.0, None),
        (1.0, 30.0, 0.3, 1.0, None),
        (0.0, 55.0, 0.95, 0.0, "expert"),
        (0.0, 55.0, 0.95, 2.0, None),
        (0.0, 30.0, 0.95, 0.0, None),
    ],
)
def test_kinds_that_rules_name(
    mobile: float, engaged_s: float, depth: float, rapid_exits: float, kind: str | None
) -> None:
    names = [column.name for column in COLUMNS]
    usual = row_of(COLUMNS, dict.fromkeys(names, 0.5), {"device": "desktop"})
    centre = list(usual)
    for name, value, mean in (
        ("mobile", mobile, 0.4),
        ("engaged_ms", engaged_s * 1_000, 30_000.0),
        ("scroll_depth", depth, 0.6),
        ("rapid_exits", rapid_exits, 0.1),
    ):
        column = COLUMNS[names.index(name)]
        centre[names.index(name)], usual[names.index(name)] = column.scaled(value), column.scaled(mean)

    assert kind_of(COLUMNS, centre, usual, [0.2] * len(names)) == kind
