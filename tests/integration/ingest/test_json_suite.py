"""JSONTestSuite (Seriot, https://github.com/nst/JSONTestSuite) as bodies of the collector."""

from collections import Counter
from pathlib import Path

import pytest

from tests.support.gateway import Gateway
from tests.support.shared_data import shared

pytestmark = pytest.mark.kafka


def files(kind: str) -> list[Path]:
    return sorted(shared("jsontestsuite", "test_parsing").glob(f"{kind}_*.json"))


@pytest.mark.parametrize(("kind", "count", "wanted"), [("y", 95, {422}), ("n", 188, {400}), ("i", 35, {400, 422})])
def test_a_body_is_json_or_not(gateway: Gateway, kind: str, count: int, wanted: set[int]) -> None:
    """422 says: JSON, but no batch. 400 says: no JSON."""
    answers = {
        path.name: gateway.client.post("/v1/events", content=path.read_bytes()).status_code for path in files(kind)
    }
    print(f"\n{kind}_: {dict(Counter(answers.values()))}")
    assert len(answers) == count
    assert {name: status for name, status in answers.items() if status not in wanted} == {}


@pytest.mark.parametrize(
    "where", [b'{"events":[],"unknown":%s}', b'{"unknown":[%s],"events":[]}', b'{"events":[{"unknown":%s}]}']
)
@pytest.mark.parametrize(("kind", "wanted"), [("y", 202), ("n", 400)])
def test_inside_a_batch_too(gateway: Gateway, kind: str, wanted: int, where: bytes) -> None:
    """A field nobody knows is ignored, and read as strictly as the others."""
    # Nothing at all is as good as anything in a list.
    nothing = {"n_structure_no_data.json", "n_single_space.json"} if where.count(b"[%s]") else set()
    answers = {
        path.name: gateway.client.post("/v1/events", content=where.replace(b"%s", path.read_bytes())).status_code
        for path in files(kind)
        if path.name not in nothing
    }
    assert {name: status for name, status in answers.items() if status != wanted} == {}
