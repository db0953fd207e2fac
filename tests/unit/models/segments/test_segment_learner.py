"""Segments found in streams: agreement with planted groups, ids that last, names, splits and merges."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from models.segments.agreement import adjusted_rand
from models.segments.centroid_matching import matched
from models.segments.columns import Column
from models.segments.learner import LearningOptions, SegmentLearner
from models.segments.publishing import Refresh
from schemas.segments import Segment
from tests.unit.models.segments.streams import COLUMNS, planted

DATA = Path(__file__).parent / "data"
BATCH = 100


def learn(learner: SegmentLearner, rows: Any) -> tuple[list[str], list[Refresh]]:
    """The segment of each row as it was known before the row's batch was learnt from, and every refresh."""
    assigned: list[str] = []
    refreshes = []
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        if learner.groups is not None:
            assigned += learner.assign(batch)
        for number, row in enumerate(batch.tolist()):
            if (refresh := learner.add(row, start + number)) is not None:
                refreshes.append(refresh)
    return assigned, refreshes


def ids(refresh: Refresh) -> set[str]:
    return {segment.segment_id for segment in refresh.segments}


@pytest.mark.parametrize("segments", [5, None], ids=["number given", "number found"])
@pytest.mark.parametrize("name", ["planted_stream", "planted_stream_drift"])
def test_planted_groups_are_found(name: str, segments: int | None) -> None:
    with np.load(DATA / f"{name}.npz") as data:
        rows, labels = data["X"].astype(np.float64), data["y"]

    assigned, _ = learn(SegmentLearner(LearningOptions(segments=segments), COLUMNS), rows)

    assert len(assigned) == 9_000
    assert adjusted_rand(assigned, labels[1_000:].tolist()) >= 0.9


def test_a_group_that_dies_is_dropped_and_one_that_is_born_gets_a_new_id() -> None:
    with np.load(DATA / "planted_stream_drift.npz") as data:
        rows, labels = data["X"].astype(np.float64), data["y"]
    learner = SegmentLearner(LearningOptions(), COLUMNS)

    _, refreshes = learn(learner, rows)
    born = learner.assign(rows[labels == 5][-50:])
    died = {segment_id for refresh in refreshes for segment_id in refresh.gone}

    assert len(died) == 1
    assert len(set(born)) == 1
    assert born[0] not in ids(refreshes[0]) | died
    assert len(ids(refreshes[-1])) == 5


@pytest.mark.parametrize("seed", [401, 402, 403])
def test_without_drift_ids_last_over_twenty_refreshes(seed: int) -> None:
    rows, labels = planted(seed, 21_000)

    assigned, refreshes = learn(SegmentLearner(LearningOptions(), COLUMNS), rows)

    assert len(refreshes) == 21
    pairs = list(pairwise(refreshes))
    kept = sum(len(ids(before) & ids(after)) for before, after in pairs)
    assert kept >= 0.95 * sum(len(ids(before)) for before, _ in pairs)
    assert len(ids(refreshes[0]) & ids(refreshes[-1])) >= 0.95 * len(ids(refreshes[0]))
    assert adjusted_rand(assigned, labels[1_000:].tolist()) >= 0.9
    assert all(segment.stability is not None and segment.stability > 0.9 for segment in refreshes[-1].segments)


def test_the_same_rows_and_seed_give_the_same_records() -> None:
    rows, _ = planted(404, 3_000)

    first, second = (learn(SegmentLearner(LearningOptions(seed=7), COLUMNS), rows)[1] for _ in range(2))

    assert len(first) == 3
    assert msgspec.json.encode([each.segments for each in first]) == msgspec.json.encode(
        [each.segments for each in second]
    )


def test_a_learner_that_begins_anew_goes_on_with_the_published_ids() -> None:
    rows, _ = planted(405, 6_000)
    learner = SegmentLearner(LearningOptions(), COLUMNS)
    learn(learner, rows[:3_000])
    published = msgspec.json.decode(msgspec.json.encode(learner.publisher.segments), type=list[Segment])

    again = SegmentLearner(LearningOptions(seed=99), COLUMNS, published)
    learn(again, rows[3_000:])

    same = [a == b for a, b in zip(again.assign(rows[:500]), learner.assign(rows[:500]), strict=True)]
    assert sum(same) > 0.95 * len(same)
    assert {each.segment_id for each in again.publisher.segments} == {each.segment_id for each in published}
    assert again.publisher.version > learner.publisher.version


def test_a_group_that_falls_apart_is_split_and_two_that_meet_are_merged() -> None:
    generator = np.random.default_rng(406)
    apart = np.concatenate([np.full(6_000, 0.0), np.linspace(0.0, 10.0, 4_000), np.full(4_000, 10.0)])
    together = apart[::-1]
    sides = generator.choice([-0.5, 0.5], len(apart))
    others = np.where(generator.random(len(apart)) < 0.5, 40.0, 0.0)
    for path, more in ((apart, 1), (together, -1)):
        rows = generator.normal(size=(len(apart), 4))
        rows[:, 0] += others + np.where(others == 0.0, sides * path, 0.0)

        _, refreshes = learn(SegmentLearner(LearningOptions(), COLUMNS), rows)
        before, after = refreshes[0].segments, refreshes[-1].segments

        assert len(after) == len(before) + more
        changed = [each for refresh in refreshes for each in refresh.segments if each.parents]
        assert changed
        assert {parent for each in changed for parent in each.parents} <= {each.segment_id for each in before}


def test_an_id_that_has_gone_never_comes_back() -> None:
    with np.load(DATA / "planted_stream_drift.npz") as data:
        rows = data["X"].astype(np.float64)
    learner = SegmentLearner(LearningOptions(), COLUMNS)
    _, refreshes = learn(learner, np.concatenate([rows, rows]))
    gone: set[str] = set()
    for refresh in refreshes:
        assert not gone & ids(refresh)
        gone |= set(refresh.gone)
    assert gone

    again = SegmentLearner(LearningOptions(), COLUMNS, learner.publisher.segments)
    _, later = learn(again, rows + 1_000.0)

    assert not gone & set().union(*(ids(refresh) for refresh in later))


def test_unknown_values_are_no_zeros() -> None:
    rows, labels = planted(407, 4_000)
    holes = np.random.default_rng(1).random(rows.shape) < 0.05
    rows[holes] = np.nan

    assigned, refreshes = learn(SegmentLearner(LearningOptions(), COLUMNS), rows)

    # The first groups come later than after 1,000 rows: rows that know too little are left out.
    assert adjusted_rand(assigned, labels[-len(assigned) :].tolist()) >= 0.85
    assert all(np.isfinite(list(each.centroid.values())).all() for each in refreshes[-1].segments)


def test_rows_of_which_too_little_is_known_are_not_learnt_from() -> None:
    rows, _ = planted(409, 3_000)
    known_once = np.full((3_000, 4), np.nan)
    known_once[:, 0] = 1e6
    mixed = np.stack([rows, known_once], axis=1).reshape(-1, 4)

    alone, with_others = SegmentLearner(LearningOptions(), COLUMNS), SegmentLearner(LearningOptions(), COLUMNS)
    first = [each for row in rows.tolist() if (each := alone.add(row, 0)) is not None]
    second = [each for row in mixed.tolist() if (each := with_others.add(row, 0)) is not None]

    assert len(first) == 3
    assert first == second


def test_columns_that_change_from_row_to_row_end_in_finite_centres() -> None:
    rows, _ = planted(411, 4_000)
    # Half of the rows know the first two columns, the other half the last two: they share none with each other.
    rows[::2, :2] = np.nan
    rows[1::2, 2:] = np.nan

    _, refreshes = learn(SegmentLearner(LearningOptions(), COLUMNS), rows)

    assert len(refreshes) == 4
    assert all(np.isfinite(list(each.centroid.values())).all() for each in refreshes[-1].segments)


def test_old_centres_that_share_no_column_with_the_new_ones_are_matched_all_the_same() -> None:
    old, new = np.array([[1.0, np.nan], [2.0, np.nan]]), np.array([[np.nan, 1.0], [np.nan, 2.0]])

    pairs, _ = matched(old, new)

    assert sorted(pairs.values()) == [0, 1]


def test_a_feature_that_nobody_knows_is_not_published_until_somebody_does() -> None:
    rows, labels = planted(408, 6_000)
    extra = np.full((len(rows), 1), np.nan)
    extra[3_000:, 0] = 7.0 + 4.0 * (labels[3_000:] == 0)
    columns = (*COLUMNS, Column("hover", "count", "low hover", "high hover", 0.5, "hover"))
    learner = SegmentLearner(LearningOptions(), columns)

    assigned, refreshes = learn(learner, np.hstack([rows, extra]))

    early, late = refreshes[1].segments, refreshes[-1].segments
    assert all("hover" not in each.centroid and "hover" not in each.spread for each in early)
    assert all(each.centroid["hover"] == pytest.approx(7.0, abs=0.3) for each in late if each.centroid["hover"] < 10)
    assert max(each.centroid["hover"] for each in late) == pytest.approx(11.0, abs=0.3)
    assert ids(refreshes[0]) == ids(refreshes[-1])
    assert adjusted_rand(assigned, labels[1_000:].tolist()) >= 0.9
    assert msgspec.json.decode(msgspec.json.encode(late), type=list[Segment]) == late
