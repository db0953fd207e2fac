"""The id and the bytes of a command."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.commands import AdjustmentCommand, Evidence, Source, Target, command_id, encode
from tests.support.builders import ANNA, MORNING_NEWS, NAN, at


@dataclass(frozen=True)
class Parts:
    """What an id is made of."""

    kind: Literal["session", "segment", "content"] = "session"
    target: str = ANNA
    source: Literal["rule", "anomaly", "model"] = "rule"
    rule: str = "calm-down"
    version: int = 1
    trigger: str = "window:60000"

    def id(self) -> str:
        return command_id(Target(self.kind, self.target), Source(self.source, self.rule, self.version), self.trigger)


PARTS = st.builds(
    Parts,
    st.sampled_from(["session", "segment", "content"]),
    st.text(":0123ab", max_size=4),
    st.sampled_from(["rule", "anomaly", "model"]),
    st.text(":0123ab", max_size=4),
    st.integers(1, 120),
    st.text(":0123ab", max_size=4),
)


@given(PARTS, PARTS)
def test_different_decisions_have_different_ids(one: Parts, other: Parts) -> None:
    assume(one != other)
    assert one.id() != other.id()


@given(PARTS)
def test_the_same_decision_has_the_same_id(parts: Parts) -> None:
    assert parts.id() == Parts(**vars(parts)).id()


@pytest.mark.parametrize(
    "other",
    [
        Parts(kind="content"),
        Parts(target="ben-laptop"),
        Parts(source="model"),
        Parts(rule="other"),
        Parts(version=2),
        Parts(trigger="window:70000"),
    ],
    ids=["kind", "target", "source", "rule", "version", "trigger"],
)
def test_each_part_counts(other: Parts) -> None:
    assert other.id() != Parts().id()


def test_a_letter_that_moves_from_one_part_to_the_next_makes_another_id() -> None:
    assert Parts(rule="ab", trigger="c").id() != Parts(rule="a", trigger="bc").id()
    assert Parts(version=1, trigger="12:a").id() != Parts(version=11, trigger="2:a").id()


def test_the_id_is_the_hash_of_the_parts_with_their_lengths() -> None:
    text = b"7:session2:s14:rule7:mission1:112:window:60000"
    expected = blake2b(text, digest_size=16).hexdigest()
    assert Parts(target="s1", rule="mission").id() == expected
    assert len(expected) == 32


@pytest.mark.parametrize("strange", ["grüße-😀", "\ud800", "\x00", ""])
def test_any_text_can_be_part_of_an_id(strange: str) -> None:
    assert Parts(target=strange).id() != Parts().id()


def command(**changed: object) -> AdjustmentCommand:
    given: dict[str, object] = {
        "command_id": "id",
        "issued_at_ms": at(60),
        "expires_at_ms": at(360),
        "target": Target("session", ANNA),
        "session_id": ANNA,
        "user_id": None,
        "content_id": MORNING_NEWS,
        "action": "simplify",
        "parameters": {"b": 1, "a": ["x"]},
        "priority": 50,
        "source": Source("rule", "calm-down", 1),
        "evidence": {"pages": Evidence(1.0), "clicks": Evidence(0.0)},
    }
    return msgspec.structs.replace(msgspec.convert(given, AdjustmentCommand), **changed)


def test_equal_commands_are_equal_bytes_in_whatever_order_they_were_made() -> None:
    other = command(parameters={"a": ["x"], "b": 1}, evidence={"clicks": Evidence(0.0), "pages": Evidence(1.0)})
    assert encode(command()) == encode(other)


def test_a_command_can_be_read_back() -> None:
    assert msgspec.json.decode(encode(command()), type=AdjustmentCommand) == command()


def test_evidence_leaves_out_what_is_unknown_and_keeps_zero() -> None:
    text = encode(command(evidence={"clicks": Evidence(value=0.0)})).decode()
    assert '"evidence":{"clicks":{"value":0.0}}' in text


def test_an_unknown_number_never_becomes_an_invalid_one() -> None:
    assert b"NaN" not in encode(command(evidence={"clicks": Evidence(value=NAN)}))
