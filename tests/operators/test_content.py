"""Content items in the operators: by broadcast into the catalogue, from there into conditions and placeholders."""

import json
from typing import Any

import pytest

from jobs.adjust import load_rules
from models.arbitration.arbiter import Arbiter
from models.arbitration.budget import split
from models.arbitration.target_state import empty_state
from models.content_catalogue import ContentCatalogue
from schemas.rules import Rule
from tests.operators.conftest import Start
from tests.support.builders import MORNING_NEWS, rule, session_window, trigger_event
from tests.support.flink_fakes import Running
from tests.support.operator_outputs import changes, commands, fed, seconds
from tests.support.stages import window_commands
from udfs.stages.content_broadcast import ContentBroadcast

LOCALISE: Rule = next(each for each in load_rules("") if each.id == "localise-language")
ITEM: dict[str, Any] = {
    "language": "en",
    "variants": [{"variant": "fr", "language": "fr"}, {"variant": "de", "language": "de-AT"}],
}


def described(job: Running, at_ms: int = 1, content_id: str = MORNING_NEWS, **item: Any) -> None:
    job.broadcast(("content", content_id, f"{at_ms} {json.dumps({'content_id': content_id, **item})}"))


def localised(job: Running, event_id: str, at_s: float, **more: Any) -> list[Any]:
    found = commands(fed(job, [trigger_event(event_id, at_s, **{"type": "page_view", **more})]))
    return [each.parameters["language"] for each in found if each.action == "localise"]


@pytest.mark.parametrize(
    ("language", "languages", "shown"),
    [
        ("fr-CH", None, ["fr"]),
        ("de", "de, en", ["de-AT"]),
        ("ja", "ja,fr;broken,fr,en", ["fr"]),
        ("en-GB", "en-GB, fr", []),
        ("ja", None, []),
        (None, None, []),
    ],
)
def test_a_reader_gets_the_version_in_a_language_of_his(
    start_fast: Start, language: str | None, languages: str | None, shown: list[str]
) -> None:
    job = start_fast(LOCALISE)
    described(job, **ITEM)
    assert localised(job, "e1", 5, language=language, languages=languages) == shown


def test_a_click_localises_nothing_and_an_unknown_item_is_left_alone(start_fast: Start) -> None:
    job = start_fast(LOCALISE)
    assert localised(job, "e1", 5, language="fr") == []
    described(job, **ITEM)
    assert localised(job, "e2", 6, language="fr", type="click") == []
    assert localised(job, "e3", 7, language="fr", content="another") == []
    assert localised(job, "e4", 8, language="fr") == ["fr"]


def test_an_item_lasts_through_a_restart_and_ends_with_its_deletion(start_fast: Start) -> None:
    before = start_fast(LOCALISE)
    described(before, **ITEM)
    after = start_fast(LOCALISE, flink=before.flink)
    assert localised(after, "e1", 5, language="fr") == ["fr"]
    after.broadcast(("content", MORNING_NEWS, None))
    assert localised(after, "e2", 500, language="fr") == []
    assert not any(each.startswith("content:") for each in after.flink.broadcast["control-v1"])


def test_a_record_that_is_no_item_changes_nothing_and_is_counted(start_fast: Start) -> None:
    job = start_fast(LOCALISE)
    described(job, **ITEM)
    for key, body in (
        (MORNING_NEWS, "2 {"),
        (MORNING_NEWS, '3 {"content_id": "other"}'),
        (None, '4 {"content_id": "x"}'),
    ):
        job.broadcast(("content", key, body))
    assert job.flink.counters["refusedContent"] == 3
    assert localised(job, "e1", 5, language="fr") == ["fr"]


def test_what_the_catalogue_drops_leaves_broadcast_state_too() -> None:
    state: dict[str, str] = {}

    class State:
        put, remove = staticmethod(state.__setitem__), staticmethod(lambda key: state.pop(key, None))

    content = ContentBroadcast(ContentCatalogue(max_items=2))
    for number, name in enumerate("abc"):
        content.on_row(name, f'{number} {{"content_id": "{name}"}}', State)
    assert sorted(state) == ["content:b", "content:c"]


def test_conditions_on_the_item_hold_for_windows_and_events(start: Start, start_fast: Start) -> None:
    when = [
        {"context": "content_language", "equals": "en"},
        {"feature": "content_words", "above": 500},
        {"feature": "content_level", "above": 40},
    ]
    long: dict[str, Any] = {"language": "en", "words": 640, "reading_level": {"score": 52.0, "method": "lix"}}
    windows, events = start(rule(when=when)), start_fast(rule(lane="event", when=when))
    for job in (windows, events):
        described(job, **long)
    assert seconds(fed(windows, [session_window(60)])) == [60]
    assert len(fed(events, [trigger_event("e1", 5)])) == 1
    for job in (windows, events):
        described(job, at_ms=2, **{**long, "words": 400})
    assert fed(windows, [session_window(600)]) == []
    assert fed(events, [trigger_event("e2", 600)]) == []


def test_an_item_that_is_not_for_the_readers_country(start_fast: Start) -> None:
    elsewhere = rule(lane="event", when=[{"feature": "content_in_region", "below": 1}], cooldown_s=1)
    job = start_fast(elsewhere)
    described(job, regions=["AT", "CH"])
    assert fed(job, [trigger_event("e1", 5, country="AT")]) == []
    assert fed(job, [trigger_event("e2", 15, country=None)]) == []
    assert len(fed(job, [trigger_event("e3", 25, country="FR")])) == 1


SIMPLER = rule(
    when=[{"feature": "engaged_ms", "above": 0}], then={"action": "simplify", "parameters": {"variant": "simple"}}
)


def lacking(job: Running, end_s: int = 60, **window: Any) -> list[str | None]:
    return [each.lacks for each in changes(fed(job, [session_window(end_s, **window)]))]


def test_an_item_without_the_variant_is_noted_on_the_proposal(start: Start) -> None:
    job = start(SIMPLER)
    described(job, **ITEM)
    assert lacking(job) == ["the item has no variant simple"]


def test_an_item_with_the_variant_and_one_that_nobody_described_lack_nothing(start: Start) -> None:
    job = start(SIMPLER)
    described(job, variants=[{"variant": "simple"}])
    assert lacking(job) == [None]
    assert lacking(start(SIMPLER), content="another") == [None]


def test_by_option_an_item_that_nobody_described_lacks_it_too() -> None:
    job = Running(window_commands(SIMPLER, require_content=True))
    assert lacking(job) == ["what variants the item has is not known"]
    described(job, variants=[{"variant": "simple"}])
    assert lacking(job, 600) == [None]


def test_the_arbiter_refuses_what_is_lacking_and_says_so(start: Start) -> None:
    job = start(SIMPLER)
    described(job, **ITEM)
    [change] = changes(fed(job, [session_window(60)]))
    arbiter, state = Arbiter(split(4, 60)), empty_state()
    arbiter.on_window(state, change)
    decided = arbiter.on_time(state, change.command.issued_at_ms)
    assert decided.commands == []
    [proposal] = decided.proposals
    assert (proposal.outcome, proposal.reason) == ("suppressed", "unknown_content")
    assert proposal.by == "the item has no variant simple"
