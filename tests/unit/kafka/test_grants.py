"""The table of grants, from which the documents and the tests' ACLs are made."""

from collections import Counter

from infra.kafka.grants import GRANTS


def test_nothing_is_granted_twice() -> None:
    """Kafka's client refuses a list of ACLs in which one stands twice."""
    granted = Counter((each.component, each.resource, each.name, one) for each in GRANTS for one in each.operations)
    assert [what for what, times in granted.items() if times > 1] == []
