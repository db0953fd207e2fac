"""Outcomes are joined with what was known before them, never with what came later."""

import gzip
from pathlib import Path

import msgspec
import numpy as np
import pytest

from models.learning.errors import TrainingDataError
from models.learning.feature_log import join, read_feature_files, read_outcome_files
from models.predictions.targets import MAX_AGE_MS
from schemas.features import FeatureRow, encode_feature_row
from schemas.outcomes import Outcome

BEGINNING = 1_760_000_000_000


def window(
    session: str, at_s: int, clicks: float | None, device: str | None = "phone", **changes: object
) -> FeatureRow:
    row = FeatureRow(
        session, BEGINNING + 1000 * at_s, "window", {"clicks": clicks}, {"device": device}, None, {"forest": 0.5}, None
    )
    return msgspec.structs.replace(row, **changes)


def told(session: str, at_s: float, metric: str, value: float | None) -> Outcome:
    return Outcome(None, session, None, BEGINNING + int(1000 * at_s), metric, value)


#  s1:   10 s (1 click)   20 s (2 clicks)        40 s (4 clicks)
#                          | 20 s: 300 words   | 39 s: 500 words
WINDOWS = [window("s1", 40, 4.0), window("s1", 10, 1.0), window("s1", 20, 2.0), window("s2", 10, 7.0, "desktop")]


def test_an_outcome_is_joined_with_the_newest_window_at_or_before_it() -> None:
    outcomes = [told("s1", 39, "words", 500.0), told("s1", 20, "words", 300.0), told("s2", 9.999, "words", 100.0)]
    found = join(WINDOWS, outcomes, "words", True)
    assert found.truth.tolist() == [300.0, 500.0]
    assert found.at_ms is not None
    assert found.at_ms.tolist() == [BEGINNING + 20_000, BEGINNING + 20_000]
    # Of s2 nothing was known yet.
    assert found.unused_rows == 1
    assert found.sessions is not None
    assert found.sessions.tolist() == ["s1", "s1"]


def test_the_order_of_the_records_does_not_matter_and_a_repeated_outcome_counts_once() -> None:
    outcomes = [told("s1", 25, "words", 300.0), told("s1", 50, "words", 500.0), told("s2", 30, "words", 100.0)]
    one = join(WINDOWS, outcomes, "words", True)
    other = join(reversed(WINDOWS), [*reversed(outcomes), outcomes[0]], "words", True)
    assert one.truth.tolist() == other.truth.tolist() == [300.0, 100.0, 500.0]
    for name in ("clicks", "device"):
        assert one.values[name].tolist() == other.values[name].tolist()
    assert one.values["clicks"].tolist() == [2.0, 7.0, 4.0]
    assert one.values["device"].tolist() == ["phone", "desktop", "phone"]


def test_a_window_that_is_too_old_says_nothing() -> None:
    at_s = 40 + MAX_AGE_MS // 1000
    assert len(join(WINDOWS, [told("s1", at_s, "words", 1.0)], "words", True)) == 1
    with pytest.raises(TrainingDataError, match="1 such outcomes of 1 sessions"):
        join(WINDOWS, [told("s1", at_s + 1, "words", 1.0)], "words", True)


def test_labels_are_the_end_of_the_metric() -> None:
    outcomes = [
        told("s1", 20, "tone.friendly", None),
        told("s1", 45, "tone.formal", 1.0),
        told("s2", 45, "tone.formal", 0.0),
        told("s2", 45, "tone", 1.0),
        told("s2", 45, "rating", 4.0),
    ]
    assert join(WINDOWS, outcomes, "tone", False).truth.tolist() == ["friendly", "formal"]


def test_scores_ends_of_sessions_and_what_never_changes_are_no_inputs() -> None:
    end = window("s1", 44, 99.0, kind="session_end")
    found = join([*WINDOWS, end], [told("s1", 45, "words", 1.0), told("s2", 45, "words", 2.0)], "words", True)
    assert found.names == ("clicks", "device")
    assert found.values["clicks"].tolist() == [4.0, 7.0]


def test_what_all_readers_of_a_minute_share_is_no_input() -> None:
    """Ten minutes of the site hold ten values of it: a later minute would lie outside of what the model has seen."""
    windows = [
        msgspec.structs.replace(each, features={"clicks": each.features["clicks"], "site_oddness": 0.1 * place})
        for place, each in enumerate(WINDOWS)
    ]
    found = join(windows, [told("s1", 25, "words", 300.0), told("s1", 50, "words", 500.0)], "words", True)
    assert "clicks" in found.names
    assert "site_oddness" not in found.names


def test_an_unknown_number_stays_unknown() -> None:
    rows = [window("s1", 10, None), window("s2", 10, 0.0), window("s3", 10, 3.0)]
    found = join(rows, [told(name, 11, "words", 1.0) for name in ("s1", "s2", "s3")], "words", True)
    assert np.isnan(found.values["clicks"]).tolist() == [True, False, False]


def test_one_segment_can_be_taken_alone() -> None:
    rows = [window("s1", 10, 1.0, segment="3"), window("s2", 10, 2.0, segment="4")]
    outcomes = [told("s1", 11, "words", 1.0), told("s2", 11, "words", 2.0)]
    assert join(rows, outcomes, "words", True, "4").truth.tolist() == [2.0]
    with pytest.raises(TrainingDataError, match="of readers of segment 5"):
        join(rows, outcomes, "words", True, "5")


def test_files_are_read_line_by_line(tmp_path: Path) -> None:
    plain, packed = tmp_path / "features.jsonl", tmp_path / "outcomes.jsonl.gz"
    plain.write_bytes(b"\n".join(encode_feature_row(row) for row in WINDOWS) + b"\n\n")
    packed.write_bytes(gzip.compress(msgspec.json.encode(told("s1", 1, "words", 2.0)) + b"\n"))
    assert list(read_feature_files([plain])) == WINDOWS
    assert [each.value for each in read_outcome_files([packed])] == [2.0]


def test_a_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    path = tmp_path / "features.jsonl"
    path.write_bytes(encode_feature_row(WINDOWS[0]) + b"\n{}\n")
    with pytest.raises(TrainingDataError, match=r"features.jsonl, line 2: no record of features.v1"):
        list(read_feature_files([path]))
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"{}" * 1000)[:-8])
    for broken in ("cut.gz", "nowhere.jsonl"):
        with pytest.raises(TrainingDataError, match=broken):
            list(read_outcome_files([tmp_path / broken]))
