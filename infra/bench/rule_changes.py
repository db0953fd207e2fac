"""Measures how long a change of a rule takes until every subtask has it: `.venv/bin/python -m infra.bench.rule_changes --help`

Changes rules of both lanes in turn, on a job under load, and prints the time from the write to the last acknowledgement.
"""

import argparse
import json
import time
from collections.abc import Sequence
from typing import Any, Final

from infra.bench.latency import shares
from infra.bench.loaded_job import loaded_job
from infra.local import stack
from infra.local.home import Home
from infra.rules.changing import Author, RuleChanger
from infra.rules.in_force import InForce
from infra.rules.rule_topics import RuleTopics
from infra.rules.waiting import AckWaiter
from models.rules.compiled import KNOWN_FEATURES
from schemas.rules import Rule, parse_rule
from schemas.topics import RULES_HISTORY

ACK_TIMEOUT_S: Final = 30.0
FIRST_ACK_TIMEOUT_S: Final = 120.0


def _rule(lane: str, number: int) -> Rule:
    """A rule of that lane; the first has version 1. Nothing fires: the load's own work is what the change competes with."""
    condition = (
        {"event": "type", "equals": "feedback"} if lane == "event" else {"feature": "clicks", "above": 1e9 + number}
    )
    return parse_rule(
        {
            "id": f"changed-{lane.replace('_', '-')}",
            "version": number,
            "about": "Changes while the job runs.",
            "lane": lane,
            "when": [condition],
            "then": {"action": "set_length"},
        },
        KNOWN_FEATURES,
    )


def measure(on: stack.Stack, rate: int, changes: int, warm_up_s: int, options: Sequence[str]) -> dict[str, Any]:
    """Runs a job of its own under load and changes rules meanwhile."""
    with loaded_job(on, "changes", rate, warm_up_s + 3 * changes, options, (RULES_HISTORY,)) as job:
        topics = RuleTopics(on.bootstrap, job.prefix)
        job.start_load()
        changer = RuleChanger(topics, Author("bench", "here", "command line"))
        with AckWaiter(topics) as waiter:
            lanes = ("session_window", "event")
            for lane in lanes:
                _put(changer, waiter, topics, _rule(lane, 1), FIRST_ACK_TIMEOUT_S)
            time.sleep(warm_up_s)
            found = [
                _put(changer, waiter, topics, _rule(lanes[number % 2], 2 + number // 2), ACK_TIMEOUT_S)
                for number in range(changes)
            ]
        restarts = job.restarts()
    return {
        "put_to_last_ack_ms": shares([ms for ms, _ in found]),
        "subtasks": sorted({each.acks[0].subtasks for _, each in found}),
        "slowest_ms": round(max(ms for ms, _ in found), 1),
        "rate": rate,
        "restarts": restarts,
        "options": list(options),
    }


def _put(
    changer: RuleChanger, waiter: AckWaiter, topics: RuleTopics, rule: Rule, timeout_s: float
) -> tuple[float, InForce]:
    """Puts a rule; returns the milliseconds from the write to the last acknowledgement, as their reader sees it."""
    changes = changer.plan_put([rule])
    began_s = time.monotonic()
    topics.write(changes)
    found = waiter.wait({rule.id: rule.version}, timeout_s)[rule.id]
    if found.state != "in_force":
        raise SystemExit(f"{rule.id}, version {rule.version}: {found.described()}")
    return (time.monotonic() - began_s) * 1000, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, epilog="What follows a -- goes to the job.")
    parser.add_argument("--rate", type=int, default=1000, help="events a second, 5 %% of them clicks")
    parser.add_argument("--changes", type=int, default=50)
    parser.add_argument(
        "--warm-up", type=int, default=60, help="seconds under load before the first change that counts"
    )
    parser.add_argument(
        "--taskmanagers", type=int, default=4, help="of one slot each; --parallelism N of the job needs N + 1"
    )
    parser.add_argument("options", nargs="*", help="options of the job")
    given = parser.parse_args()
    on = stack.up(Home.from_env(), taskmanagers=given.taskmanagers)
    print(json.dumps(measure(on, given.rate, given.changes, given.warm_up, given.options)))


if __name__ == "__main__":
    main()
