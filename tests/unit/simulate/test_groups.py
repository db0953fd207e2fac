"""Readers of planted groups: the same for a seed, and each in the way of his group."""

from collections import defaultdict

import msgspec

from infra.simulate.groups import GROUPS, SESSION_S, plans, recorded
from schemas.events import Event

BEGIN_MS = 1_760_000_400_000


def test_readers_of_a_seed_are_the_same_and_come_in_order() -> None:
    first, again = (list(recorded(plans(3, 8, 0.0, 8.0), BEGIN_MS, 3)) for _ in range(2))
    assert first == again
    events = [msgspec.json.decode(each, type=Event) for each in first]
    assert [each.occurred_at_ms for each in events] == sorted(each.occurred_at_ms for each in events)
    assert len({each.event_id for each in events}) == len(events)


def test_groups_differ_in_device_and_clicks() -> None:
    drawn = plans(4, 40, 0.0, 8.0)
    group_of = {plan.session_id: group for plan, group in drawn}
    clicks: dict[str, list[int]] = defaultdict(list)
    counts = dict.fromkeys(group_of, 0)
    for each in recorded(drawn, BEGIN_MS, 4):
        event = msgspec.json.decode(each, type=Event)
        counts[event.session_id] += event.type == "click"
        if event.context is not None:
            assert event.context.device == group_of[event.session_id].device
    for session, count in counts.items():
        clicks[group_of[session].name].append(count)
    assert set(clicks) == {each.name for each in GROUPS}
    eager = clicks.pop("clicks at a desk")
    assert min(eager) > max(max(each) for each in clicks.values())
    assert min(eager) > SESSION_S / 6.0 / 3.0
