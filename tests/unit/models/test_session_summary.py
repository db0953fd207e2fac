"""The summary of a session in keyed state: short, and the same after a restart."""

import msgspec
import pytest

from models.features import SESSION_LAYOUT, SESSION_NAMES
from models.session_summary import SessionSummary


def summary() -> SessionSummary:
    found = SessionSummary(texts={"device": "phone"}, content_id="item-1", segment="s2")
    found.add({name: float(place) for place, name in enumerate(SESSION_NAMES)})
    found.add({name: None if place % 2 else 0.1 for place, name in enumerate(SESSION_NAMES)})
    return found


def test_what_stands_in_state_is_read_as_it_was_written() -> None:
    assert SessionSummary.from_text(summary().to_text()) == summary()


def test_no_name_of_a_feature_of_the_first_release_is_written() -> None:
    text = summary().to_text()
    assert "engaged_ms" not in text
    assert len(text) < 260


def test_scores_take_their_name_once_and_a_rounded_sum() -> None:
    found = SessionSummary()
    for score in (0.123456789, None, 0.3):
        found.add_scores({"isolation_forest": score, "anomaly": None})
    assert found.to_text().endswith('{"isolation_forest":[0.4235,2]}]')
    assert SessionSummary.from_text(found.to_text()) == found


def test_a_job_with_other_features_reads_it_by_name() -> None:
    stored = msgspec.json.decode(summary().to_text())
    first, *others = SESSION_LAYOUT.stored
    stored[1] = SESSION_LAYOUT.header + "+gone"
    stored[2].append(9.0)
    assert SessionSummary.from_text(msgspec.json.encode(stored).decode()) == summary()
    stored[1] = f"-{first}" + SESSION_LAYOUT.header
    stored[2] = stored[2][1:-1]
    stored[3] = {int(place) - 1: count for place, count in stored[3].items()}
    read = SessionSummary.from_text(msgspec.json.encode(stored).decode())
    assert first not in read.sums
    assert {name: read.sums[name] for name in others} == pytest.approx({name: summary().sums[name] for name in others})
    assert read.unknown == summary().unknown
