"""From a CSV file to the window: a model that was told of experience is trained, promoted, announced and asked by the job."""

import json

import pytest

from infra.cli.model_announcements import to_record
from infra.simulate.preferences import CHOOSING
from models.model_versions import ModelVersions
from schemas.features import decode_feature_row
from tests.operators.conftest import Start
from tests.support.builders import BEN, SESSION_END_S, at, session_window
from tests.support.flink_fakes import Running
from tests.support.model_commands import RENAMED, run, write
from tests.support.operator_outputs import changes, fed, records
from udfs.crossing_rows import FEATURE_PREFIX


@pytest.fixture(scope="module")
def announcement(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A length by session duration, click rate, device and experience, as `models promote` would announce it."""
    folder = tmp_path_factory.mktemp("models")
    source, store = write(folder / "wishes.csv", CHOOSING, 31, rows=3_000), folder / "store"
    trained = run("train", "length", "--csv", source, *RENAMED, "--store", store)
    assert trained.exit_code == 0, trained.output
    assert "cannot be announced" not in trained.stderr
    assert "the job computes no" not in trained.stderr
    promoted = run("promote", "length", 1, "--no-announce", "--store", store)
    assert promoted.exit_code == 0, promoted.output
    record = to_record(ModelVersions(store), "length", 1, 0)
    return record.key, record.body.decode()


def words(job: Running, session: str, expertise: str | None) -> list[object]:
    """The words that are proposed for a session of five minutes whose page tells of the experience once."""
    told = json.dumps({"os": "Linux"} if expertise is None else {"os": "Linux", "user_expertise": expertise})
    windows = [
        session_window(end_s, session, device="mobile", context=told if end_s == 60 else None)
        for end_s in range(60, 310, 10)
    ]
    return [each.command.parameters["length_words"] for each in changes(fed(job, windows))]


def test_the_job_asks_for_longer_texts_for_experts_than_for_novices(
    start: Start, announcement: tuple[str, str]
) -> None:
    job = start()
    assert job.broadcast(("model", *announcement)) == []
    (ack,) = [json.loads(row[1]) for row in job.acks]
    assert (ack["id"], ack.get("refused")) == ("length", None)
    found = {each or "unknown": words(job, each or BEN, each) for each in ("novice", "expert", None)}
    assert (bool(found["novice"]), bool(found["expert"])) == (True, True)
    # Training knew it of everybody.
    assert found["unknown"] == []
    assert int(str(found["expert"][0])) >= int(str(found["novice"][0])) + 50


def test_the_feature_log_holds_what_was_told_until_the_session_is_over(start: Start) -> None:
    job = start(log_features=True)
    told = '{"user_expertise":"expert"}'
    emitted = fed(job, [session_window(60), session_window(120, context=told), session_window(180)])
    logged = [value for tag, _, value in records(emitted) if tag == "features"]
    # What a timer logs goes by way of the arbiter.
    silence = [each for each in job.advance(at(2 * SESSION_END_S)) if not isinstance(each, tuple)]
    logged += [body for key, (body,) in silence if key.startswith(FEATURE_PREFIX)]
    rows = [decode_feature_row(each) for each in logged]
    assert [row.kind for row in rows] == ["window", "window", "window", "session_end"]
    assert [row.context["user_expertise"] for row in rows] == [None, "expert", "expert", "expert"]
