"""Tables of topics, event types, actions and reasons of rejection."""

from typing import Final

from infra.docs.reference.markdown import code, table
from schemas.actions import ACTIONS, Parameter
from schemas.events import COUNTED_TYPES, EVENT_TYPES, FAST_TYPES, VALUE_RANGE
from schemas.rejects import REASONS
from schemas.topics import TOPICS, Topic

_DAY_MS: Final = 86_400_000


def topics() -> str:
    return table(
        ("topic", "key", "content", "written by", "read by", "partitions", "kept"),
        [
            (
                code(topic.name),
                topic.key,
                topic.about,
                ", ".join(topic.writers),
                ", ".join(topic.readers),
                str(topic.partitions),
                _kept(topic),
            )
            for topic in TOPICS
        ],
    )


def event_types() -> str:
    rows = []
    for name in EVENT_TYPES:
        low, high = VALUE_RANGE.get(name, (None, None))
        value = "" if low is None else f"{low:,.0f} to {high:,.0f}"
        rows.append((code(name), value, "event and windows" if name in FAST_TYPES else _windows(name)))
    return table(("type", "range of `value`", "lane"), rows)


def actions() -> str:
    return table(
        ("action", "what it does", "parameters", "group", "impact", "complexity", "revertible", "adapter"),
        [
            (
                code(action.name),
                action.text,
                ", ".join(map(_parameter, action.parameters)),
                action.exclusive_group or "",
                str(action.impact),
                str(action.complexity),
                "yes" if action.revertible else "no",
                "shows a variant" if action.adapter == "variant" else "its own",
            )
            for action in ACTIONS.values()
        ],
    )


def rejection_reasons() -> str:
    return ", ".join(code(reason) for reason in REASONS) + "\n"


def _parameter(parameter: Parameter) -> str:
    example = parameter.example
    shown = ", ".join(example) if isinstance(example, tuple) else str(example).lower()
    return f"{code(parameter.name)} ({parameter.kind}{', required' if parameter.required else ''}: {shown})"


def _windows(name: str) -> str:
    if name in COUNTED_TYPES:
        return "windows, and event for counters and sequences"
    return "none: moves event time" if name == "tick" else "windows"


def _kept(topic: Topic) -> str:
    if topic.retention_ms is not None:
        return f"{topic.retention_ms // _DAY_MS} days"
    if topic.compacted_retention_ms is not None:
        return f"compacted, {topic.compacted_retention_ms // _DAY_MS} days"
    return "compacted"
