"""Reads and writes the topics of rules: rules.v1, its history, and the acknowledgements of the job."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from infra.kafka.blocking_producer import BlockingProducer
from infra.kafka.connection import Kafka
from infra.kafka.reading import TopicReader
from models.rules.compiled import KNOWN_FEATURES
from schemas.control_acks import ControlAck, ControlKind
from schemas.rule_history import RuleChange
from schemas.rules import Rule, RuleError, parse_rule
from schemas.topics import CONTROL_ACKS, RULES, RULES_HISTORY, Topic
from schemas.unreadable import UNREADABLE

WRITE_TIMEOUT_S: Final = 10.0
MAX_RAW_BYTES: Final = 65_536


@dataclass
class RulesOnTopic:
    """The newest record of each id: a rule, or why it is none, and its text."""

    rules: dict[str, Rule] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    """Of the broken ones, cut after `MAX_RAW_BYTES`."""


@dataclass(frozen=True, slots=True)
class RuleTopics:
    """The topics of one system, behind the prefix that their names have on this broker. All calls may raise `StreamError`."""

    kafka: Kafka
    prefix: str = ""

    def name(self, topic: Topic) -> str:
        return self.prefix + topic.name

    def reader(self, topic: Topic) -> TopicReader:
        return TopicReader(self.kafka, self.name(topic), missing_ok=True)

    def rules(self) -> RulesOnTopic:
        """Reads what stands on rules.v1."""
        found = RulesOnTopic()
        for key, value in self._records(RULES):
            found.rules.pop(key, None)
            found.broken.pop(key, None)
            if value is None:
                continue
            try:
                rule = parse_rule(value, KNOWN_FEATURES)
                if rule.id != key:
                    raise RuleError(f"rule {rule.id}: id: stands under {key}")
                found.rules[key] = rule
            # As in the job: whatever a text does to the code that reads it, the other rules are listed.
            except Exception as error:
                found.broken[key] = str(error)[:500]
                found.raw[key] = value[:MAX_RAW_BYTES].decode(errors="replace")
        return found

    def history(self, rule_id: str) -> list[RuleChange]:
        """Reads the changes of one rule, oldest first. A text that is no rule any more counts as unknown."""
        return [change for key, value in self._records(RULES_HISTORY) if key == rule_id and (change := _change(value))]

    def changes(self) -> dict[str, list[RuleChange]]:
        """Reads the changes of all rules, oldest first."""
        found: dict[str, list[RuleChange]] = {}
        for key, value in self._records(RULES_HISTORY):
            if change := _change(value):
                found.setdefault(key, []).append(change)
        return found

    def acks(self, kind: ControlKind = "rule") -> dict[str, dict[int, ControlAck]]:
        """Reads the newest acknowledgement of each subtask, by rule, model or segment."""
        found: dict[str, dict[int, ControlAck]] = {}
        for _, value in self._records(CONTROL_ACKS):
            if (ack := decode_ack(value)) is not None and ack.kind == kind:
                found.setdefault(ack.id, {})[ack.subtask] = ack
        return found

    def write(self, changes: list[RuleChange]) -> None:
        """Writes the changes to the history and then to rules.v1; returns once Kafka has acknowledged all."""
        encode = msgspec.json.encode
        # The same rule twice is one rule.
        producer = BlockingProducer(self.kafka, timeout_s=WRITE_TIMEOUT_S, is_idempotent=False)
        for each in changes:
            producer.send(self.name(RULES_HISTORY), encode(each), each.id.encode())
        # First: a change that is in force stands in the history, whatever fails.
        producer.finish()
        for each in changes:
            producer.send(self.name(RULES), None if each.rule is None else encode(each.rule), each.id.encode())
        producer.finish()

    def _records(self, topic: Topic) -> Iterator[tuple[str, bytes | None]]:
        with self.reader(topic) as reader:
            for record in reader.read_to_end(quiet_s=0.0):
                yield (record.key or b"").decode(errors="replace"), record.value


def decode_ack(value: bytes | None) -> ControlAck | None:
    """Returns the acknowledgement in a record; None where it is none."""
    try:
        return msgspec.json.decode(value or b"", type=ControlAck)
    except UNREADABLE:
        return None


def _change(value: bytes | None) -> RuleChange | None:
    try:
        given: dict[str, Any] = msgspec.json.decode(value or b"")
        text = given.pop("rule", None)
        change = msgspec.convert(given, RuleChange)
    except (*UNREADABLE, AttributeError):
        return None
    try:
        change.rule = None if text is None else msgspec.convert(text, Rule)
    except msgspec.ValidationError:
        # Of an older release, which knew other fields.
        change.rule = None
    return change


def put_records(kafka: Kafka, records: list[tuple[str, bytes | None]]) -> None:
    """Writes rules as (id, JSON), or (id, None) to delete, without a word in the history. Raises `StreamError`."""
    producer = BlockingProducer(kafka, timeout_s=WRITE_TIMEOUT_S)
    for key, value in records:
        producer.send(RULES.name, value, key.encode())
    producer.finish()
