"""What the console is told of the actions: the registry, how often each was commanded lately, and what pages did."""

from typing import Any

import pytest

from infra.bench.mock_kafka import mock_kafka
from infra.gateway.console.actions import matrix_of
from models.rest_factor import MIN_OUTCOMES
from schemas.actions import ACTIONS
from schemas.topics import ADJUSTMENTS, OUTCOMES
from tests.support.credentials import OPERATOR
from tests.support.gateway_in_process import in_process
from tests.support.mock_topics import write

NOON_MS = 1_760_000_400_000


def matrix(commands: list[dict[str, Any]], outcomes: list[dict[str, Any]]) -> tuple[Any, dict[str, Any]]:
    """The whole answer, and its actions by name."""
    told = matrix_of(commands, outcomes)
    return told, {each["name"]: each for each in told["actions"]}


def command(number: int, action: str = "shorten") -> dict[str, Any]:
    return {"command_id": f"c{number}", "action": action, "issued_at_ms": NOON_MS + number}


def outcome(number: int, status: str) -> dict[str, Any]:
    return {"command_id": f"c{number}", "session_id": "s", "status": status, "occurred_at_ms": NOON_MS}


def test_every_action_of_the_registry_is_told_with_its_place_in_the_matrix() -> None:
    told, actions = matrix([], [])
    assert list(actions) == list(ACTIONS)
    assert (actions["prompt"]["impact"], actions["prompt"]["complexity"]) == (5, 1)
    assert actions["prompt"]["exclusive_group"] == "prompt"
    assert actions["localise"]["parameters"] == ["language"]
    assert not actions["revert"]["revertible"]
    assert (actions["prompt"]["cooldown_s"], actions["prompt"]["max_per_session"]) == (120, 8)
    assert (told["since_ms"], told["until_ms"]) == (None, None)


def test_commands_count_once_by_action_and_odd_records_do_not() -> None:
    odd = [{}, {"command_id": 4}, command(5) | {"action": ["x"]}, command(6) | {"issued_at_ms": "noon"}]
    told, actions = matrix([command(1), command(1), command(2), command(3, "prompt"), *odd], [{}, {"command_id": []}])
    assert {name: each["commanded"] for name, each in actions.items() if each["commanded"]} == {
        "shorten": 2,
        "prompt": 1,
    }
    assert (told["since_ms"], told["until_ms"]) == (NOON_MS + 1, NOON_MS + 3)


@pytest.mark.parametrize("status", ["delivered", "", "APPLIED", None, True, 1, ["applied"], {"status": "applied"}])
def test_what_is_no_status_tells_nothing_of_a_command(status: Any) -> None:
    _, actions = matrix([command(1)], [{"command_id": "c1", "status": status}])
    assert (actions["shorten"]["commanded"], actions["shorten"]["outcomes"]) == (1, 0)


@pytest.mark.parametrize("of", [MIN_OUTCOMES - 1, MIN_OUTCOMES])
def test_a_share_is_told_only_of_enough_outcomes(of: int) -> None:
    outcomes = [outcome(n, "applied" if n % 3 else "failed") for n in range(of)]
    # Twice told, taken back later, and of a command that nobody knows.
    outcomes += [outcome(1, "applied"), outcome(1, "reverted"), outcome(999, "applied")]
    _, actions = matrix([command(n) for n in range(of)], outcomes)
    assert actions["shorten"]["outcomes"] == of
    applied = actions["shorten"]["applied"]
    if of < MIN_OUTCOMES:
        assert applied is None
    else:
        assert applied["share"] == pytest.approx(2 / 3)
        # Wilson's interval of 20 of 30, by the formula in Newcombe (1998): 0.488 to 0.808.
        assert (applied["low"], applied["high"]) == (pytest.approx(0.488, abs=1e-3), pytest.approx(0.808, abs=1e-3))
    assert actions["shorten"]["rest_factor"] == (None if of < MIN_OUTCOMES else 1.2)
    assert actions["prompt"]["applied"] is None


def test_the_counts_come_from_the_topics() -> None:
    with mock_kafka() as kafka:
        client = in_process(bootstrap=kafka.bootstrap)
        write(kafka, ADJUSTMENTS.name, [("k", command(1, "prompt")), ("k", b"no JSON")])
        write(kafka, OUTCOMES.name, [("k", outcome(1, "failed"))])
        told = client.get("/console/api/actions", headers={"authorization": f"Bearer {OPERATOR}"}).json()
    (prompt,) = (each for each in told["actions"] if each["commanded"])
    assert (prompt["name"], prompt["outcomes"], prompt["applied"]) == ("prompt", 1, None)
