"""Table of the features that rules can name."""

from infra.docs.reference.markdown import code, table
from models.features import (
    CONTENT_FEATURES,
    EVENT_FEATURES,
    ITEM_FEATURES,
    LIVE_FEATURES,
    SECTION_FEATURES,
    SESSION_FEATURES,
)


def features() -> str:
    rows = [
        (lane, code(feature.name), feature.unit, "yes", feature.text)
        for lane, registry in (("session_window", SESSION_FEATURES), ("content_window", CONTENT_FEATURES))
        for feature in registry
    ]
    for lane, scalars in (
        ("session_window", LIVE_FEATURES),
        ("content_window", ITEM_FEATURES),
        ("content_section", SECTION_FEATURES),
        ("event", EVENT_FEATURES),
    ):
        rows += [(lane, code(each.name), each.unit, "no", each.text) for each in scalars.values()]
    return table(("lane", "feature", "unit", "baseline", "meaning"), rows)
