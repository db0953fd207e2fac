"""A range of the topics that models learn from: what is no record is passed over, whatever it is."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.bench.mock_kafka import MockKafka, is_available, mock_kafka
from infra.kafka.reading import Offsets, TopicReader
from infra.learning.recorded_features import last_feature_rows, last_outcomes
from models.learning.errors import TrainingDataError
from models.learning.feature_log import read_feature_files, read_outcome_files
from schemas.outcomes import Outcome
from schemas.topics import FEATURES, OUTCOMES
from tests.support.feature_rows import row
from tests.support.mock_topics import write

DEEP = b"[" * 1_500 + b"]" * 1_500
BROKEN = (
    b"{broken",
    b'{"session_id": "\xff"}',
    DEEP,
    b'{"session_id":"a","window_end_ms":1,"kind":"window","x":%s}' % DEEP,
    b'{"session_id":"a","x":%s}' % DEEP,
)


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockKafka]:
    if not is_available():
        pytest.skip("this client brings no mock cluster")

    def offsets_at(reader: TopicReader, _: int) -> Offsets:
        return {each: start for each, (start, _) in reader.bounds().items()}

    # The mock cluster does not know times.
    monkeypatch.setattr(TopicReader, "offsets_at", offsets_at)
    with mock_kafka() as cluster:
        yield cluster


def test_one_bad_record_stops_no_training(kafka: MockKafka) -> None:
    told = Outcome(None, "a", None, 1_760_000_400_000, "preferred_content_length", 300.0)
    write(kafka, FEATURES.name, [("s", row("a", 1)), *(("s", each) for each in BROKEN), ("s", row("b", 2))])
    write(kafka, OUTCOMES.name, [*(("s", each) for each in BROKEN), ("s", told)])

    assert [each.session_id for each in last_feature_rows(kafka.bootstrap, 1)] == ["a", "b"]
    assert list(last_outcomes(kafka.bootstrap, 1)) == [told]


@pytest.mark.parametrize("read", [read_feature_files, read_outcome_files])
@pytest.mark.parametrize("line", BROKEN, ids=range(len(BROKEN)))
def test_a_bad_line_of_a_file_is_told_by_its_place(
    tmp_path: Path, read: Callable[[list[Path]], Iterator[object]], line: bytes
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\n" + line + b"\n")
    with pytest.raises(TrainingDataError, match="line 2: no record of"):
        list(read([path]))
