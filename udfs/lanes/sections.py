"""The section lane: how readers of one content item divide their attention among its sections."""

from typing import Any

from pyflink.datastream import RuntimeContext

from models.arbitration.proposed_change import ProposedChange
from models.language.section_attention import ItemSections, SectionMinute, with_minute
from udfs.crossing_rows import Numbers, Texts, content_key, section_minute
from udfs.keyed_state import KeyedStateBundle, StateField
from udfs.lanes.contents import CONTENT_TTL_H
from udfs.stages.broadcast_control import BroadcastControl
from udfs.stages.decisions import DecisionStage
from udfs.stages.evaluation import SectionEvaluation


class SectionLane:
    """Evaluates the sections of an item at the end of each minute in which any was seen.

    A timer at the end of the minute, because the rows of its sections come in any order: only then all are there.
    """

    def __init__(self, control: BroadcastControl) -> None:
        self._catalogue = control.content.catalogue
        self._bundle = KeyedStateBundle("sections-v1", CONTENT_TTL_H)
        self._pending: StateField[list[SectionMinute]] = StateField.json(
            "section-minutes-v1", list[SectionMinute], self._bundle
        )
        self._sections: StateField[ItemSections] = StateField.json("section-counts-v1", ItemSections, self._bundle)
        self._decisions = DecisionStage("section-decisions-v1", "content_section", control, self._bundle)

    def open(self, context: RuntimeContext) -> None:
        for each in (self._pending, self._sections, self._decisions):
            each.open(context)

    def on_row(self, numbers: Numbers, texts: Texts, ctx: Any) -> None:
        """Keeps a minute of one section until the minute is over."""
        minute = section_minute(numbers, texts)
        key = content_key(minute.content_id)
        self._pending.set(key, with_minute(self._pending.get(key) or (), minute))
        ctx.timer_service().register_event_time_timer(minute.end_ms)
        self._bundle.flush(key)

    def on_timer(self, key: str, at_ms: int) -> list[ProposedChange]:
        """Returns what follows from the minutes that have ended."""
        pending = self._pending.get(key) or []
        due = [each for each in pending if each.end_ms <= at_ms]
        if not due:
            return []
        rest = [each for each in pending if each.end_ms > at_ms]
        self._pending.set(key, rest or None)
        sections = self._sections.get(key) or ItemSections()
        sections.add(due)
        self._sections.set(key, sections)
        item = self._catalogue.get(due[0].content_id)
        told = {} if item is None else {each.id: each.words for each in item.sections}
        found = sections.attention({name: words for name, words in told.items() if words is not None})
        changes: list[ProposedChange] = []
        if found is not None:
            types = sorted(each.content_type for each in due if each.content_type is not None)
            evaluation = SectionEvaluation(due[0].content_id, types[-1] if types else None, at_ms, found, list(told))
            changes = self._decisions.decide(evaluation)
        self._bundle.flush(key)
        return changes
