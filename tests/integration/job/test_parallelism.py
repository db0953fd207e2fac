"""Several subtasks, another number of them from a savepoint, and new partitions: the commands are those of the reference."""

from threading import Thread

import pytest

from infra.local.stack import Stack
from infra.simulate.recording import SAMPLE, records
from infra.simulate.replay import Replayed
from schemas.topics import LATE
from tests.support.growing import GrowingReplay
from tests.support.pieces import PiecewiseReplay, place_at
from tests.support.stack import expected, running_job
from tests.support.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.chaos]


@pytest.mark.timeout(400)
def test_rescaling_from_2_to_3_to_1_changes_no_command(stack: Stack) -> None:
    """Cut where commands have been given and more are due: habits, cards and cooldowns go on in other subtasks."""
    recording = list(records(SAMPLE))
    player = PiecewiseReplay(recording, [place_at(recording, at_s) for at_s in (350, 430)])
    with running_job(stack, "--parallelism", "2") as job:
        results: list[Replayed] = []
        sending = Thread(target=lambda: results.append(job.replay(player)), daemon=True)
        sending.start()
        player.play(0)
        until(lambda: len(job.commands()) > 0, patience_s=90)
        job.rescale(3)
        player.play(1)
        before = len(job.commands())
        until(lambda: len(job.commands()) > before, patience_s=90)
        job.rescale(1)
        player.play(2)
        sending.join()
        (done,) = results
        account = job.settle(done.sent, patience_s=180)
        wanted = expected(recording, done)
        assert (account.used, account.late, account.missing) == (wanted.used, len(job.read(LATE)), 0)
        assert job.commands() == wanted.commands
        assert job.restarts() == 0


@pytest.mark.timeout(400)
def test_partitions_that_are_added_while_readers_read_make_nothing_late(stack: Stack) -> None:
    """At the pace of life: readers whose key moves to a new partition go on, and nobody else has to wait for it for long."""
    whole = list(records(SAMPLE))
    recording = whole[place_at(whole, 325) : place_at(whole, 375)]
    with running_job(stack, "--parallelism", "2") as job:
        replay = GrowingReplay(job.topics, add_at_s=15, partitions=8)
        done = replay.run(recording)
        account = job.settle(done.sent, patience_s=120)
        wanted = expected(recording, done)
        assert replay.moved > 0
        assert (account.used, account.late, account.missing) == (wanted.used, len(job.read(LATE)), 0)
        assert account.late == wanted.late
        assert job.commands() == wanted.commands
        assert len(wanted.commands) >= 3
        assert job.restarts() == 0
