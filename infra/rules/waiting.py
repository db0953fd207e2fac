"""Waits until every subtask has acknowledged a change of rules, or a model."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from infra.rules.in_force import InForce, judge_acks
from infra.rules.rule_topics import RuleTopics, decode_ack
from schemas.control_acks import ControlAck, ControlKind
from schemas.topics import CONTROL_ACKS

POLL_S = 0.2
Progress = Callable[[dict[str, InForce]], None]


class AckWaiter:
    """Collects the acknowledgements that come after it was made: make it before the change is written."""

    def __init__(self, topics: RuleTopics, kind: ControlKind = "rule") -> None:
        self._kind = kind
        self._reader = topics.reader(CONTROL_ACKS)
        self._acks: dict[str, dict[int, ControlAck]] = {}
        try:
            self._reader.assign({each: end for each, (_, end) in self._reader.bounds().items()})
        except BaseException:
            self._reader.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()

    def wait(
        self, versions: dict[str, int | None], timeout_s: float, progress: Progress = lambda _: None
    ) -> dict[str, InForce]:
        """Returns what is in force by rule, once all is settled or the time is up. `versions` are those that were put."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            found = {name: judge_acks(self._acks.get(name, {}).values(), version) for name, version in versions.items()}
            progress(found)
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or all(
                each.state in ("in_force", "failing", "refused") and not each.missing for each in found.values()
            ):
                return found
            if not self._reader.positions:
                # The topic does not exist: no job of this version has been set up here.
                time.sleep(min(POLL_S, left_s))
                continue
            for record in self._reader.poll(min(POLL_S, left_s)):
                ack = decode_ack(record.value)
                if ack is not None and ack.kind == self._kind and ack.id in versions:
                    self._acks.setdefault(ack.id, {})[ack.subtask] = ack
