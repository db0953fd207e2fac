"""Tables of the rule language."""

from typing import Any, Final

import msgspec

from infra.docs.reference.markdown import code, table
from models.rules.expressions.functions import FUNCTIONS, MACROS
from models.rules.variables import lane_features, rule_environment
from schemas.rule_conditions import BOUNDS, CONTEXTS, EVENT_TEXTS
from schemas.rules import PLACEHOLDERS, Rule

_MEANING: Final = {
    "id": "name of the rule: lower-case letters, digits and hyphens",
    "version": "counted up by hand; part of the ids of its commands",
    "about": "why the rule exists, in a sentence",
    "lane": "`session_window`, `content_window`, `content_section` or `event`",
    "when": "conditions; all must hold",
    "if": "an expression in CEL; must be true as well",
    "features": "numbers of the rule's own: events counted within a time",
    "sequence": "events that must come one after the other",
    "without": "an event that must not come meanwhile",
    "within_s": "seconds in which the sequence must be complete",
    "until": "when the command is reverted: `when` or `if`, for `for_windows` windows",
    "mode": "`active`, `shadow` (observed, commands nothing) or `off`",
    "confidence": "0 to 1; the arbiter weighs the priority by it",
    "max_per_session": "commands of the rule that a session gets at most; not for content items; left out with `cooldown_s`, the"
    " matrix of actions says",
    "valid_from": "ISO 8601 time from which the rule may command",
    "valid_until": "ISO 8601 time until which it may",
    "then": "`action` and `parameters` of the command, and `apply`: `now`, or `at_break` to let the page wait for a"
    " [natural break](#timing)",
    "priority": "0 to 100; the CMS decides between commands by it",
    "cooldown_s": "seconds of event time before the rule may command a target again; left out, the matrix of actions says",
    "rest_factor": "1 to 8, times the matrix's cooldown; `microadjust actions calibrate` writes it",
    "expires_s": "seconds after which the command no longer counts",
    "for_windows": "windows in a row in which all conditions must hold; 1 in lane `event`",
    "grace_s": "seconds that a proposal may wait for a natural break; only in lane `session_window`",
    "source": "kind of the command's source",
    "enabled": "`false` switches a rule off, for instance one of the job's file",
}


def rule_fields() -> str:
    rows = []
    for field in msgspec.structs.fields(Rule):
        required = field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT
        rows.append(
            (
                code(field.encode_name),
                "required" if required else code(_text(field.default)),
                _MEANING[field.encode_name],
            )
        )
    return table(("field", "default", "meaning"), rows)


def bounds() -> str:
    return table(
        ("bound", "holds if", "lanes", "against", "unit of its threshold in the evidence"),
        [
            (
                code(bound.name),
                bound.text,
                ", ".join(bound.lanes),
                ", ".join(bound.scopes),
                "the feature's own" if bound.unit == "feature" else bound.unit,
            )
            for bound in BOUNDS.values()
        ],
    )


def texts() -> str:
    rows = [("`context`", lane, ", ".join(map(code, names))) for lane, names in CONTEXTS.items()]
    rows.append(("`event`", "event", ", ".join(map(code, EVENT_TEXTS))))
    return table(("condition", "lane", "names"), rows)


def expression_variables() -> str:
    """What expressions know beside features, by lane."""
    rows = []
    for lane in CONTEXTS:
        features, known = lane_features(lane), rule_environment(lane).variables
        others = sorted(name for name in known if name not in features)
        rows.append((lane, ", ".join(f"{code(name)} ({known[name].type})" for name in others)))
    return table(("lane", "variables (type)"), rows)


def expression_functions() -> str:
    own = [(code(each.signature), each.text) for each in rule_environment("session_window").lookups.values()]
    common = [(code(each.example), each.text) for each in FUNCTIONS.values()]
    logic = [
        (
            code("a && b, a || b, !a"),
            "and, or, not: a side that decides makes up for an error or an unknown value on the other",
        ),
        (code("a ? b : c"), "b where a is true, c where it is false"),
    ]
    macros = [(code(name), text) for name, text in MACROS.items()]
    return table(("written", "value"), [*own, *logic, *common, *macros])


def placeholders() -> str:
    return table(("placeholder", "value"), [(code(name), about) for name, about in PLACEHOLDERS.items()])


def _text(default: Any) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)
