"""Who sends most events too late for commands is named in the log, once in a while."""

import pytest

from infra.gateway.ingest.lateness import MIN_LATE, WARN_EVERY_S, LateSenders


def test_a_library_that_collects_its_events_is_named_with_the_remedy(caplog: pytest.LogCaptureFixture) -> None:
    senders = LateSenders()
    senders.count("phones", 19, 20, 0.0)
    assert caplog.messages == []
    senders.count("phones", 19, 20, 30.0)
    (text,) = caplog.messages
    assert "phones" in text
    assert "38 of 40" in text
    assert "flushAt 1" in text


def test_the_same_source_is_named_again_only_after_a_while(caplog: pytest.LogCaptureFixture) -> None:
    senders = LateSenders()
    for now_s in (0.0, 1.0, WARN_EVERY_S - 1):
        senders.count("phones", MIN_LATE, MIN_LATE, now_s)
        senders.count("site", MIN_LATE, MIN_LATE, now_s)
    assert len(caplog.messages) == 2
    senders.count("phones", 1, 1, WARN_EVERY_S)
    assert len(caplog.messages) == 3


def test_a_few_readers_who_were_offline_are_no_reason(caplog: pytest.LogCaptureFixture) -> None:
    senders = LateSenders()
    for minute in range(600):
        senders.count("site", 4, 100, 60.0 * minute)
        senders.count("quiet", 1 if minute < MIN_LATE - 1 else 0, 1, 60.0 * minute)
    assert caplog.messages == []
