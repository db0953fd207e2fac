"""The decoder that Flink runs (Java) and `validate_record` (Python) say the same about every record."""

import base64
import json
import subprocess
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.event_validation import CONTEXT_FIELDS, FIELDS, contract_json, validate_record
from schemas.events import EVENT_TYPES, Event
from schemas.rejects import REASONS, ValidationFailure
from tests.support.hostile.prepared import record, within_context
from tests.support.hostile.records import hostile_records
from tests.support.shared_data import shared
from tests.support.strategies import NOW_MS

FORMAT = Path(__file__).parents[3] / "udfs" / "format" / "src"

Validator = Callable[[list[bytes]], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def flink_validator(tmp_path_factory: pytest.TempPathFactory) -> Validator:
    """The compiled decoder, asked in one Java process per call: in Egypt, where numbers are written in other digits."""
    pyflink = find_spec("pyflink")
    assert pyflink is not None
    assert pyflink.origin is not None
    classes, flink = tmp_path_factory.mktemp("classes"), f"{Path(pyflink.origin).parent}/lib/*"
    sources = [*(FORMAT / "main").rglob("*.java"), *(FORMAT / "test").rglob("ValidateRecords.java")]
    subprocess.run(["javac", "--release", "17", "-cp", flink, "-d", classes, *sources], check=True)

    def validate(records: list[bytes]) -> list[dict[str, Any]]:
        egypt = ["-Duser.language=ar", "-Duser.country=EG"]
        argv = ["java", *egypt, "-cp", f"{classes}:{flink}", "microadjust.format.ValidateRecords", contract_json()]
        lines = b"".join(base64.b64encode(raw) + b"\n" for raw in records)
        done = subprocess.run(argv, input=lines, stdout=subprocess.PIPE, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    return validate


def columns(said: Event | ValidationFailure, raw: bytes) -> dict[str, Any]:
    """The columns that the decoder ought to have set."""
    if isinstance(said, ValidationFailure):
        original = base64.b64encode(raw).decode()
        return {"reject_reason": said.reason, "reject_detail": said.detail, "original": original, "occurred_at": 0}
    row = {name: value for name, value in msgspec.structs.asdict(said).items() if value is not None}
    row.pop("properties", None)
    row.pop("notes", None)
    if said.context is not None:
        row["context"] = {k: v for k, v in msgspec.structs.asdict(said.context).items() if v is not None}
    return row | {"type_no": EVENT_TYPES.index(said.type), "occurred_at": said.occurred_at_ms}


def disagreements(
    flink_validator: Validator, records: Iterable[bytes]
) -> tuple[list[Event | ValidationFailure], list[str]]:
    """What Python says about each record, and a line for each about which Java says otherwise."""
    validated = list(records)
    answers = flink_validator(validated)
    assert len(answers) == len(validated)
    # The decoder's clock is the machine's; no record lies between the two.
    said = [validate_record(raw, NOW_MS) for raw in validated]
    wanted = [columns(each, raw) for each, raw in zip(said, validated, strict=True)]
    lines = [
        f"{raw[:300]!r}: Python {expected}, Java {given}"[:1_000]
        for raw, expected, given in zip(validated, wanted, answers, strict=True)
        # As text, so that 1 and 1.0, or 0.0 and -0.0, are not taken for the same.
        if json.dumps(expected, sort_keys=True) != json.dumps(given, sort_keys=True)
    ]
    return said, lines


def test_both_validators_say_the_same_about_hostile_and_valid_records(flink_validator: Validator) -> None:
    said, lines = disagreements(flink_validator, hostile_records(seed=20_261_122, count=14_000))

    assert not lines, "\n".join(lines[:5])
    found = {each.reason for each in said if isinstance(each, ValidationFailure)}
    assert found == set(REASONS), "a reason that no record meets is not tested"
    assert sum(isinstance(each, Event) for each in said) > 3_000


def test_both_validators_say_the_same_about_naughty_strings_in_every_field(flink_validator: Validator) -> None:
    texts = json.loads(shared("blns", "blns.json").read_text())
    literals = [json.dumps(text, ensure_ascii=len(text) % 2 == 0) for text in texts]
    records = [
        *(record({field.name: text}) for text in literals for field in FIELDS),
        *(within_context(field.name, text) for text in literals for field in CONTEXT_FIELDS),
        *(record({"properties": f"{{{text}:{text}}}"}) for text in literals),
        *(text.encode("utf-8", "surrogatepass") for text in texts),
    ]

    said, lines = disagreements(flink_validator, records)

    assert not lines, "\n".join(lines[:5])
    assert len(said) > 10_000


def test_both_validators_say_the_same_about_the_json_test_suite(flink_validator: Validator) -> None:
    """Its files as records, and inside an event: those that must parse do, those that must not do not."""
    files = sorted(shared("jsontestsuite").glob("test_*/*.json"))
    whole = [file.read_bytes() for file in files]
    within = [record(extra=',"unknown":@').replace(b"@", raw) for raw in whole]

    said, lines = disagreements(flink_validator, whole + within)

    assert not lines, "\n".join(lines[:5])
    for name, alone, inside in zip((file.name for file in files), said[: len(whole)], said[len(whole) :], strict=True):
        assert not (name.startswith("y_") and isinstance(inside, ValidationFailure)), name
        if name.startswith("n_"):
            assert isinstance(alone, ValidationFailure), name
            assert alone.reason in ("malformed", "oversize"), name
            assert isinstance(inside, ValidationFailure), name
