"""Detectors learn from the same matrix in whatever order the log comes, and from a sample of a log that is too long."""

from random import Random

import msgspec
import numpy as np
import pytest

from infra.learning.recorded_features import wanted_decoder
from models.learning.examples import split_by_time
from models.learning.feature_log import OutcomeJoin, join
from models.learning.windows import LABEL, MINUTE_MS, UNDATED, is_whole_minute, matrix, windows_of
from schemas.features import FeatureRow, encode_feature_row
from schemas.outcomes import Outcome
from tests.support.ordinary_windows import BEGINNING, recorded
from tests.support.told_lengths import recorded as recorded_lengths


def alike_in_time(seed: int, name: str) -> list[FeatureRow]:
    """400 windows, ten readers at each minute."""
    rows = recorded(seed, 400)
    for place, row in enumerate(rows):
        row.session_id, row.window_end_ms = f"{name}{place}", BEGINNING + place // 10 * MINUTE_MS
    return rows


def test_the_order_of_files_does_not_matter_and_repeated_rows_count_once() -> None:
    first, second = alike_in_time(1, "a"), alike_in_time(2, "b")
    one, other = windows_of([*first, *second]), windows_of([*second, *first, *first])

    assert len(one) == len(other) == 800
    assert one.source == other.source
    assert one.sessions is not None
    assert other.sessions is not None
    assert one.sessions.tolist() == other.sessions.tolist()
    assert matrix(split_by_time(one).train).tobytes() == matrix(split_by_time(other).train).tobytes()


def test_two_different_rows_of_one_window_give_the_same_one_in_any_order() -> None:
    rows = alike_in_time(1, "a")
    again = [msgspec.structs.replace(row, features={**row.features, "clicks": 77.0}) for row in rows[:5]]

    one, other = windows_of([*rows, *again]), windows_of([*again, *rows])

    assert len(one) == 400
    assert matrix(one).tobytes() == matrix(other).tobytes()


def test_a_long_log_gives_a_sample_with_the_labels_of_its_own_windows() -> None:
    rows = alike_in_time(3, "a")
    told = [
        Outcome(None, row.session_id, None, row.window_end_ms + 5, LABEL, float(n % 2)) for n, row in enumerate(rows)
    ]
    shuffled = Random(1).sample(rows, len(rows))

    one, other = windows_of(rows, told, 7, most=100), windows_of(shuffled, told, 7, most=100)

    assert one.source == other.source == "features.v1, 100 windows, a sample of 400, 100 labelled"
    assert matrix(one).tobytes() == matrix(other).tobytes()
    assert one.sessions is not None
    assert one.truth.tolist() == [float(int(session[1:]) % 2) for session in one.sessions]
    assert matrix(windows_of(rows, told, 8, most=100)).tobytes() != matrix(one).tobytes()


@pytest.mark.parametrize("end_ms", [60_000 * 10**20, 60_000 * (2**63 // 60_000 + 1), -60_000, -60_000 * 10**20])
def test_a_row_with_an_impossible_time_is_passed_over_and_counted(end_ms: int) -> None:
    rows = alike_in_time(3, "a")
    odd = msgspec.structs.replace(rows[0], window_end_ms=end_ms)

    one = windows_of([odd, *rows, odd])

    assert matrix(one).tobytes() == matrix(windows_of(rows)).tobytes()
    assert one.left_out == {UNDATED: 2}


def test_windows_that_the_job_scores_are_taken_wherever_they_stand() -> None:
    rows = alike_in_time(4, "a")
    for row in rows[:300]:
        row.scores = {}

    assert len(windows_of(rows)) == len(windows_of(rows[::-1])) == 100


def test_examples_do_not_depend_on_the_order_of_windows_or_repeated_ones() -> None:
    rows, outcomes = recorded_lengths()
    # Two rows of one window that differ, as after a restart with another version.
    rows += [msgspec.structs.replace(row, features={"clicks": 1.0}) for row in rows[:9]]

    one = join(rows, outcomes, "preferred_content_length", True)
    other = join([*rows[::-1], *rows], outcomes[::-1], "preferred_content_length", True)

    assert one.truth.tolist() == other.truth.tolist()
    for name in one.names:
        assert msgspec.json.encode(one.values[name].tolist()) == msgspec.json.encode(other.values[name].tolist())


def test_more_outcomes_than_a_training_takes_give_a_sample() -> None:
    rows, outcomes = recorded_lengths()
    target = "preferred_content_length"

    one = OutcomeJoin(outcomes, target, True, 3, most=300).examples(rows)
    other = OutcomeJoin(outcomes[::-1], target, True, 3, most=300).examples(rows[::-1])

    assert one.source == "features.v1 with outcomes.v1, 300 outcomes of a sample of 300"
    assert one.truth.tolist() == other.truth.tolist()


def test_of_a_topic_only_what_is_used_is_decoded() -> None:
    rows, outcomes = recorded_lengths()
    joined = OutcomeJoin(outcomes[:3], "preferred_content_length", True)
    lengths = wanted_decoder(lambda head: joined.wants(head.session_id, head.window_end_ms))
    minutes = wanted_decoder(lambda head: is_whole_minute(head.kind, head.window_end_ms))

    bodies = [encode_feature_row(row) for row in rows]

    assert [row for body in bodies if (row := lengths(body)) is not None] == rows[:3]
    assert [row for body in bodies if (row := minutes(body)) is not None] == [
        row for row in rows if row.window_end_ms % MINUTE_MS == 0
    ]
    with pytest.raises(msgspec.DecodeError):
        lengths(b"{}")
    assert np.isfinite(joined.examples(rows[:3]).truth).all()
