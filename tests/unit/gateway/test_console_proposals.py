"""What the console is told of a session's proposals: of a span of time, done or not, and why."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from infra.bench.mock_kafka import MockKafka, mock_kafka
from infra.gateway.console.proposals import MAX_PROPOSALS
from schemas.proposals import REASONS
from schemas.topics import PROPOSALS
from tests.support.credentials import OPERATOR
from tests.support.gateway_in_process import InProcessClient, in_process
from tests.support.mock_topics import write

NOON_MS = 1_760_000_400_000
HOSTILE = ("<script>alert(1)</script>", "../../etc/passwd", "a/b?c#d", "%2e%2e", "__proto__", "‮ lena", "x" * 300)


def proposal(number: int, session: str, at_ms: int = NOON_MS, **changed: Any) -> dict[str, Any]:
    return {
        "proposal_id": f"p{number}",
        "at_ms": at_ms,
        "target": {"kind": "session", "id": session},
        "action": "shorten",
        "parameters": {"variant": "summary"},
        "source": {"kind": "rule", "id": "skims", "version": 3},
        "evidence": {"clicks": {"value": 7.0}},
        "outcome": "suppressed",
        "reason": "exclusive",
        "by": "4a2f833c406a44e5e577629a997161d9",
        "command_id": None,
    } | changed


@pytest.fixture(scope="module")
def kafka() -> Iterator[MockKafka]:
    with mock_kafka() as kafka:
        yield kafka


@pytest.fixture(scope="module")
def gateway(kafka: MockKafka) -> InProcessClient:
    return in_process(bootstrap=kafka.bootstrap)


def ask(gateway: InProcessClient, session: str, query: str = "", status: int = 200) -> Any:
    answer = gateway.get(
        f"/console/api/sessions/{quote(session, safe='')}/proposals{query}",
        headers={"authorization": f"Bearer {OPERATOR}"},
    )
    assert answer.status_code == status, answer.text
    return answer.json()


def test_each_proposal_is_told_in_order_with_its_reason_and_what_stood_in_the_way(
    kafka: MockKafka, gateway: InProcessClient
) -> None:
    done = proposal(1, "eva", NOON_MS + 1, outcome="commanded", reason=None, by=None, command_id="c0ffee")
    tried = proposal(2, "eva", NOON_MS + 2)
    write(kafka, PROPOSALS.name, [("eva", tried), ("eva", done), ("evan", proposal(3, "evan"))])
    told = ask(gateway, "eva")
    assert [each["proposal_id"] for each in told["proposals"]] == ["p1", "p2"]
    assert told["proposals"][0]["command_id"] == "c0ffee"
    assert (told["proposals"][1]["reason"], told["proposals"][1]["by"]) == ("exclusive", tried["by"])
    assert told["reasons"]["exclusive"] == REASONS["exclusive"]
    assert told["left_out"] == 0


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [0, 1000, 2000]),
        (f"?from={NOON_MS + 1000}", [1000, 2000]),
        (f"?to={NOON_MS + 1000}", [0, 1000]),
        (f"?from={NOON_MS + 1}&to={NOON_MS + 1999}", [1000]),
        (f"?from={NOON_MS + 3000}", []),
    ],
    ids=["all", "from", "to", "between", "none"],
)
def test_a_span_counts_with_both_its_ends(
    kafka: MockKafka, gateway: InProcessClient, query: str, expected: list[int]
) -> None:
    write(kafka, PROPOSALS.name, [("ida", proposal(each, "ida", NOON_MS + each)) for each in (2000, 0, 1000)])
    assert [each["at_ms"] - NOON_MS for each in ask(gateway, "ida", query)["proposals"]] == expected


def test_a_repeated_proposal_is_told_once_and_what_is_no_proposal_of_the_session_not_at_all(
    kafka: MockKafka, gateway: InProcessClient
) -> None:
    records: list[Any] = [
        *[proposal(1, "lea")] * 3,
        proposal(2, "lea", target={"kind": "content", "id": "lea"}),
        proposal(3, "lea", target="lea"),
        proposal(4, "lea", at_ms="noon"),  # type: ignore[arg-type]
        ["a list"],
        b"no JSON",
        b"\xff",
    ]
    write(kafka, PROPOSALS.name, [("lea", each) for each in records])
    assert [each["proposal_id"] for each in ask(gateway, "lea")["proposals"]] == ["p1"]


def test_of_very_many_the_newest_are_told_and_the_others_counted(kafka: MockKafka, gateway: InProcessClient) -> None:
    write(kafka, PROPOSALS.name, [("max", proposal(n, "max", NOON_MS + n)) for n in range(MAX_PROPOSALS + 7)])
    told = ask(gateway, "max")
    assert (len(told["proposals"]), told["left_out"]) == (MAX_PROPOSALS, 7)
    assert told["proposals"][0]["proposal_id"] == "p7"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_find_their_session_and_stay_texts_of_bounded_length(
    kafka: MockKafka, gateway: InProcessClient, text: str
) -> None:
    session = text[:64]
    deep: Any = text
    for _ in range(30):
        deep = {text: deep}
    source = {"kind": text, "id": text, "version": text}
    record = proposal(
        1, session, source=source, reason=text, by=text * 9, outcome=text, action=text, parameters={text: deep}
    )
    write(kafka, PROPOSALS.name, [(session, record | {text: text})])
    (told,) = ask(gateway, session)["proposals"]
    assert told["source"]["id"] == told["reason"] == text
    assert len(told["by"]) <= 401
    assert set(told) <= set(record)
    assert text not in ask(gateway, session)["reasons"]


@pytest.mark.parametrize("query", ["?from=", "?from=-1", "?to=noon", "?to=1e9", "?from=²", f"?to={'9' * 16}"])
def test_a_time_that_is_none_is_refused_by_its_name(gateway: InProcessClient, query: str) -> None:
    assert ask(gateway, "eva", query, 400)["problem"].startswith(f"{query[1:].partition('=')[0]}: expected milli")


def test_a_session_nobody_knows_has_no_proposals(gateway: InProcessClient) -> None:
    told = ask(gateway, "nobody")
    assert (told["proposals"], told["left_out"]) == ([], 0)


def test_nothing_is_told_without_the_token_and_roles_are_told_to_their_operator(gateway: InProcessClient) -> None:
    for path in ("sessions/eva/proposals", "actions", "me"):
        assert gateway.get(f"/console/api/{path}").status_code == 401
    me = gateway.get("/console/api/me", headers={"authorization": f"Bearer {OPERATOR}"}).json()
    assert me["name"] == "console"
    assert "read" in me["roles"]
