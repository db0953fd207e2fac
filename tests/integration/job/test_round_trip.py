"""The job on the real stack: the recorded sample in, and the commands of the plain-Python reference out."""

import base64
from collections.abc import Iterator

import msgspec
import pytest

from infra.local.stack import Stack
from infra.simulate.ground_truth import read_truth, score
from infra.simulate.recording import SAMPLE, records
from infra.simulate.replay import Replayed
from schemas.topics import ADJUSTMENTS, EVENTS, LATE, REJECTED
from tests.support.oracle.session_states import compared
from tests.support.stack import RunningJob, expected, running_job
from tests.support.words_of_readers import RULES, with_words

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def recording() -> list[bytes]:
    return list(with_words(records(SAMPLE)))


@pytest.fixture(scope="module", params=["thread", "process"])
def replayed(
    request: pytest.FixtureRequest, stack: Stack, recording: list[bytes]
) -> Iterator[tuple[RunningJob, Replayed]]:
    with running_job(stack, "--execution-mode", request.param) as job:
        yield job, job.replay(recording)


@pytest.mark.timeout(400)
def test_commands_are_those_of_the_reference_byte_by_byte(
    replayed: tuple[RunningJob, Replayed], recording: list[bytes]
) -> None:
    job, done = replayed
    account = job.settle(done.sent, patience_s=180)
    wanted = expected(recording, done)
    assert (account.used, account.late, account.duplicates, account.rejected) == (
        wanted.used,
        len(job.read(LATE)),
        wanted.duplicates,
        len(wanted.rejected),
    )
    assert account.missing == 0
    assert job.commands() == wanted.commands
    assert job.proposals() == wanted.proposals
    assert job.restarts() == 0


def test_what_shows_at_once_is_answered_and_little_else(replayed: tuple[RunningJob, Replayed]) -> None:
    """`tests/accuracy/test_judgement.py` judges what takes minutes to tell: a reader of the sample stays for four or so."""
    job, _ = replayed
    truth = read_truth(SAMPLE)
    assert truth is not None
    commands = [msgspec.json.decode(record.value) for record in job.read(ADJUSTMENTS)]
    # What was added to the sample is no part of its truth.
    found = score(truth.episodes, [each for each in commands if each["source"]["id"] not in RULES])
    assert (found.precision or 0.0) >= 0.9
    assert {"bot", "captivated", "eager", "slow_network"} <= set(found.seconds_to_detect)


def test_words_and_sections_are_answered_and_no_text_leaves_the_job(replayed: tuple[RunningJob, Replayed]) -> None:
    job, _ = replayed
    values = [record.value or b"" for record in job.read(ADJUSTMENTS)]
    by_rule = {
        found["source"]["id"]: found for found in map(msgspec.json.decode, values) if found["action"] != "revert"
    }
    assert {"frustrated-simplify", "passed-section-shorten"} <= by_rule.keys()
    assert set(by_rule["frustrated-simplify"]["evidence"]) == {"event.type", "rating", "sentiment", "sentiment_age_ms"}
    assert by_rule["passed-section-shorten"]["parameters"] == {"part": "section", "section": "method"}
    assert not any(b"confusing" in value or b"horrible" in value for value in values)


def test_a_refused_record_is_kept_with_reason_place_and_bytes(
    replayed: tuple[RunningJob, Replayed], recording: list[bytes]
) -> None:
    job, done = replayed
    refused = [msgspec.json.decode(record.value) for record in job.read(REJECTED)]
    wanted = expected(recording, done).rejected
    assert sorted(each["reason"] for each in refused) == sorted(each.reason for each in wanted)
    where = {(record.partition, record.offset): record.value for record in job.read(EVENTS)}
    for each in refused:
        assert base64.b64decode(each["original"]) == (where[each["partition"], each["offset"]] or b"")
        assert each["seen_at_ms"] > 0


def test_the_last_state_of_each_session_holds_what_it_did_and_what_is_in_force(
    replayed: tuple[RunningJob, Replayed], recording: list[bytes]
) -> None:
    job, done = replayed
    job.settle(done.sent, patience_s=180)
    found = compared(job, recording)
    assert len(found) > 50
    assert any(state.active for state in found)
    assert any(state.scores.get("isolation_forest") for state in found)
