"""A replay that changed nothing says why."""

import pytest

from infra.cli.replay_commands import late_warning
from infra.kafka.accounting import Account
from infra.simulate.replay import Replayed

ENDED = Replayed(sent=10, last_ms=1_760_000_400_000, first_ms=1_760_000_000_000)


def test_all_late_names_topic_end_of_recording_and_the_flag() -> None:
    warning = late_warning(Account(10, late=8, rejected=2), ENDED, "events.v1", shifted=False)
    assert warning is not None
    for part in ("all 8 events", "events.v1", "2025-10-09 09:00:00 UTC", "--shift-to-now"):
        assert part in warning


def test_after_a_shift_only_real_time_helps() -> None:
    warning = late_warning(Account(10, late=10), ENDED, "events.v1", shifted=True)
    assert warning is not None
    assert "--speed 1" in warning


@pytest.mark.parametrize(
    "account",
    [Account(10, used=1, late=9), Account(10, duplicates=1, late=9), Account(10, rejected=10), Account(10)],
    ids=["one used", "one repeated", "none late", "none accounted for"],
)
def test_any_other_replay_has_no_warning(account: Account) -> None:
    assert late_warning(account, ENDED, "events.v1", shifted=False) is None
