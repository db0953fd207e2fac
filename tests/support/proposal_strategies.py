"""Random proposals about one reader."""

from collections.abc import Callable

from hypothesis import strategies as st

from models.arbitration.proposed_change import ProposedChange
from tests.support.proposed_changes import proposed

PER_MINUTE = 4
ACTIONS = ("simplify", "shorten", "enrich", "reorder", "lighten_media", "prompt", "refresh_recommendations", "revert")


@st.composite
def change(draw: Callable[..., object]) -> ProposedChange:
    """One of eight rules, half of them of single events, within ten minutes."""
    number = draw(st.integers(0, 7))
    assert isinstance(number, int)
    is_event = number % 2 == 0
    at_s = draw(st.integers(0, 6_000)) if is_event else draw(st.integers(0, 60))
    assert isinstance(at_s, int)
    return proposed(
        f"rule-{number}",
        draw(st.sampled_from(ACTIONS)),  # type: ignore[arg-type]
        at_s / 10 if is_event else at_s * 10,
        lane="event" if is_event else "window",
        kind="context" if number == 4 else "rule",
        priority=draw(st.sampled_from([30, 50, 50, 80])),  # type: ignore[arg-type]
        expires_s=draw(st.sampled_from([5, 30, 300])),  # type: ignore[arg-type]
        parameters=draw(st.sampled_from([{}, {"variant": "x"}])),  # type: ignore[arg-type]
        confidence=draw(st.sampled_from([0.5, 1.0])),
        cooldown_ms=draw(st.sampled_from([0, 20_000])),
        renews=draw(st.booleans()),
        session_since_ms=1,
    )


def _once(changes: list[ProposedChange]) -> list[ProposedChange]:
    """A rule proposes one thing of one event or window."""
    seen = {(each.command.source.id, each.command.issued_at_ms): each for each in changes}
    return list(seen.values())


CHANGES = st.lists(change(), max_size=40).map(_once)
