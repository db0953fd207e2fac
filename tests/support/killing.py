"""Killing TaskManagers under load, and what must have come out all the same."""

import threading
import time
from collections.abc import Sequence

from msgspec import Struct

from infra.bench.recovery import kill_decider
from infra.local.stack import Stack
from infra.simulate.replay import Replayed
from tests.support.oracle.session_states import compared
from tests.support.stack import expected, running_job


class Survived(Struct):
    """What a run with kills gave. `recovery_s`: from each kill until every task ran again."""

    commands: int
    lost: int
    duplicated: int
    different: int
    missing_events: int
    compared_states: int
    """Sessions whose last state on session-state.v1 was held to what they did; a difference fails at once."""
    recovery_s: list[float]


def survive(stack: Stack, records: Sequence[bytes], speed: float, kills_at_s: Sequence[float]) -> Survived:
    """Replays `records` and kills the TaskManager that decides at each of these seconds; compares with the reference."""
    with running_job(stack) as job:
        results: list[Replayed] = []
        player = threading.Thread(target=lambda: results.append(job.replay(records, speed)))
        player.start()
        began, recovery = time.monotonic(), []
        for at_s in kills_at_s:
            time.sleep(max(began + at_s - time.monotonic(), 0))
            recovery.append(kill_decider(stack, job.job_id))
        player.join()
        (done,) = results
        account = job.settle(done.sent)
        wanted = expected(records, done).commands
        found = job.commands()
        states = compared(job, records)
    return Survived(
        commands=len(found),
        lost=len(wanted.keys() - found.keys()),
        # `commands` fails on an id that comes twice, so what is left are commands nobody asked for.
        duplicated=len(found.keys() - wanted.keys()),
        different=sum(found[each] != wanted[each] for each in found.keys() & wanted.keys()),
        missing_events=account.missing,
        compared_states=len(states),
        recovery_s=recovery,
    )
