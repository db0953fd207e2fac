"""Commands that show a topic pass over what is no such record: anybody may write to it."""

import pytest
from typer.testing import CliRunner

from infra.bench.mock_kafka import is_available, mock_kafka
from infra.cli.main import app
from infra.kafka.json_records import json_object
from infra.kafka.reading import Record
from schemas.topics import ADJUSTMENTS, PROPOSALS, REJECTED
from tests.support.mock_topics import write

DEEP = b'{"x":' + b"[" * 1_500 + b"]" * 1_500 + b"}"
BROKEN = (b"{broken", b'{"session_id": "\xff"}', b"[]", b"null", b"{}", b'{"at_ms": 5}', DEEP)


def test_only_an_object_with_the_fields_is_returned() -> None:
    def read(value: bytes | None, *fields: str) -> dict[str, object] | None:
        return json_object(Record("t", 0, 0, 0, None, value), *fields)

    assert read(b'{"a": 1, "b": null}', "a", "b") == {"a": 1, "b": None}
    assert read(b'{"a": 1}', "a", "b") is None
    assert [read(each, "a") for each in (*BROKEN, None)] == [None] * (len(BROKEN) + 1)


def test_a_record_that_is_none_ends_no_command_with_a_trace() -> None:
    if not is_available():
        pytest.skip("this client brings no mock cluster")
    with mock_kafka() as cluster:
        for topic in (ADJUSTMENTS, PROPOSALS, REJECTED):
            write(cluster, topic.name, [("s", each) for each in BROKEN])
        for command in (("commands",), ("proposals",), ("rejected",), ("explain", "c")):
            ran = CliRunner().invoke(app, [*command, "--bootstrap", cluster.bootstrap])
            assert (ran.exit_code, command) == (int(command[0] == "explain"), command)
            assert ran.exception is None or isinstance(ran.exception, SystemExit)
