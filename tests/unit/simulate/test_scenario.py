"""The simulator: one seed names one recording, and what is planted stands in the truth."""

from pathlib import Path

import pytest

from infra.simulate.behaviours import BEHAVIOURS
from infra.simulate.ground_truth import Episode, read_truth, score, truth_path
from infra.simulate.recording import SAMPLE, RecordingError, records
from infra.simulate.scenario import NOT_EVENTS, Scenario
from schemas.event_validation import validate_record
from schemas.events import Event

FAR_MS = 2**62


def test_the_sample_in_the_repository_is_what_its_seed_gives(tmp_path: Path) -> None:
    again = tmp_path / SAMPLE.name
    truth = Scenario(seed=7).write(again)
    assert list(records(again)) == list(records(SAMPLE))
    assert truth_path(again).read_text() == truth_path(SAMPLE).read_text()
    assert truth == read_truth(SAMPLE)
    assert SAMPLE.stat().st_size < 1_000_000


def test_every_behaviour_is_planted_and_another_seed_is_another_recording() -> None:
    _, episodes = Scenario(seed=3).plans()
    assert {episode.behaviour for episode in episodes} == set(BEHAVIOURS)
    assert [*Scenario(seconds=480, ordinary=1, per_behaviour=0, seed=3).lines()] != [
        *Scenario(seconds=480, ordinary=1, per_behaviour=0, seed=4).lines()
    ]


def test_all_records_but_the_broken_ones_are_valid_and_in_order_of_arrival() -> None:
    lines = [*Scenario(seconds=480, ordinary=3, per_behaviour=1, seed=5).lines()]
    assert [at for at, _, _ in lines] == sorted(at for at, _, _ in lines)
    refused = [record for _, _, record in lines if not isinstance(validate_record(record, FAR_MS), Event)]
    assert sorted(refused) == sorted(NOT_EVENTS)


def test_a_broken_gzip_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "half.jsonl.gz"
    file.write_bytes(SAMPLE.read_bytes()[:1000])
    with pytest.raises(RecordingError, match=r"half\.jsonl\.gz cannot be read"):
        list(records(file))


def command(action: str, target: str, at_ms: int, kind: str = "rule") -> dict[str, object]:
    return {
        "action": action,
        "parameters": {},
        "target": {"kind": "session", "id": target},
        "issued_at_ms": at_ms,
        "expires_at_ms": at_ms + 30_000,
        "source": {"kind": kind, "id": "some-rule"},
    }


def test_precision_and_recall_worked_by_hand() -> None:
    planted = [
        Episode("bored", "simplify", "session", "anna", 100_000, 200_000),
        Episode("eager", "reorder", "session", "ben", 100_000, 200_000),
    ]
    given = [
        command("simplify", "anna", 150_000),
        command("simplify", "anna", 250_000),
        command("simplify", "anna", 90_000),
        command("reorder", "anna", 150_000),
        command("revert", "anna", 155_000),
        command("refresh_recommendations", "anna", 160_000, "schedule"),
        command("simplify", "anna", 270_000),
    ]
    found = score(planted, given)
    # Two of four answer Anna's episode (the second within the grace); Ben's is missed. What takes back a command, what renews
    # one that is still in force, and what a schedule asks for needs no cause.
    assert (found.precision, found.recall) == (0.5, 0.5)
    assert found.seconds_to_detect == {"bored": 50.0}
    assert found.missed == ["eager of ben"]
    assert len(found.wrong) == 2


def test_nothing_given_and_nothing_planted_is_unknown_not_zero() -> None:
    assert score([], []).precision is None
    assert score([], []).recall is None
