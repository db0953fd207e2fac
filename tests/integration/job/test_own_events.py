"""Own counters, sequences and silences on the real stack: byte for byte what the plain-Python reference finds."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from infra.local.stack import Stack
from tests.support.own_event_rules import OWN_EVENT_RULES, events_with_addresses
from tests.support.stack import expected, running_job

pytestmark = pytest.mark.kafka


@pytest.mark.timeout(400)
def test_own_events_are_those_of_the_reference_byte_by_byte(stack: Stack, tmp_path: Path) -> None:
    rules_file = tmp_path / "rules.yaml"
    rules_file.write_text(OWN_EVENT_RULES)
    recording = events_with_addresses()
    with running_job(stack, "--rules-file", str(rules_file)) as job:
        done = job.replay(recording)
        job.settle(done.sent, patience_s=180)
        wanted, found = expected(recording, done, str(rules_file)).commands, job.commands()
        assert job.restarts() == 0
    assert found == wanted
    by_rule = Counter(msgspec.json.decode(body)["source"]["id"] for body in found.values())
    assert by_rule.keys() == {"three-clicks-on-news", "two-pages", "page-then-two-clicks", "no-click"}
